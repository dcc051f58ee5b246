package dev.fencepost.fence;

import dev.fencepost.lock.InvalidValueException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The script that encloses a write: it compares and raises the marks, then runs the write. */
final class FencedScript {
  private static final String PLACE = "--write--";
  private static final String AROUND = read();

  private FencedScript() {}

  /** Returns the complete script for a write in Lua. */
  static String around(String lua) {
    if (lua.startsWith("#!")) {
      throw InvalidValueException.of("lua", lua, "no shebang line: it would not come first");
    }
    return AROUND.replace(PLACE, lua);
  }

  private static String read() {
    try (InputStream in = FencedScript.class.getResourceAsStream("redis/fenced.lua")) {
      if (in == null) {
        throw new IllegalStateException("missing in the jar: redis/fenced.lua");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
