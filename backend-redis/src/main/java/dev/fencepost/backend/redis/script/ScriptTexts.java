package dev.fencepost.backend.redis.script;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;

/**
 * The texts and digests of all scripts, for one key prefix and one run of Redis. The texts of
 * scripts that are bound to a run contain its name, so that no other run knows their digests.
 */
public final class ScriptTexts {
  private final Map<LuaScript, Text> texts = new EnumMap<>(LuaScript.class);

  /**
   * Composes the texts.
   *
   * @param run the Redis process that serves, and the history that it continues
   */
  ScriptTexts(String prefix, String run) {
    for (LuaScript script : LuaScript.values()) {
      texts.put(script, text(script, prefix, run));
    }
  }

  /** Sends a script by its digest. */
  <T> RedisFuture<T> runByDigest(
      RedisClusterAsyncCommands<byte[], byte[]> store, LuaScript script, Arguments arguments) {
    return store.evalsha(text(script).digest, script.output(), arguments.keys, arguments.values);
  }

  /** Sends a script with its text, for a server that does not know it (any more). */
  <T> RedisFuture<T> runByText(
      RedisClusterAsyncCommands<byte[], byte[]> store, LuaScript script, Arguments arguments) {
    return store.eval(text(script).source, script.output(), arguments.keys, arguments.values);
  }

  /** Loads the scripts that are not bound to a run into a server. */
  @SuppressWarnings("FutureReturnValueIgnored") // If that fails, the first use sends the text.
  public void load(RedisClusterAsyncCommands<byte[], byte[]> node) {
    texts.forEach(
        (script, text) -> {
          if (!script.isBoundToRun()) {
            node.scriptLoad(text.source);
          }
        });
  }

  /** The KEYS and ARGV of a script. */
  public static final class Arguments {
    private final byte[][] keys;
    private final byte[][] values;

    public Arguments(byte[][] keys, byte[]... values) {
      this.keys = keys;
      this.values = values;
    }
  }

  private static final class Text {
    private final byte[] source;
    private final String digest;

    Text(byte[] source) {
      this.source = source;
      this.digest = sha1(source);
    }
  }

  private Text text(LuaScript script) {
    return Objects.requireNonNull(texts.get(script));
  }

  private static Text text(LuaScript script, String prefix, String run) {
    // With this line a Redis replica refuses a writing script before it reads anything.
    StringBuilder text =
        new StringBuilder(script.runsWhenFull() ? "#!lua flags=allow-oom\n" : "#!lua\n");
    if (script.isBoundToRun()) {
      text.append("-- For this run of Redis alone: ").append(run).append('\n');
    }
    script.parts().forEach(part -> text.append(resource(part)));
    byte[] source = text.toString().replace("${prefix}", prefix).getBytes(StandardCharsets.UTF_8);
    return new Text(source);
  }

  private static String resource(String name) {
    try (InputStream in = ScriptTexts.class.getResourceAsStream(name + ".lua")) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha1(byte[] source) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(source));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }
}
