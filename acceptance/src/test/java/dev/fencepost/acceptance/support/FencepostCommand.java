package dev.fencepost.acceptance.support;

import dev.fencepost.cli.Main;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The {@code fencepost} command with its log in a file, for tests to show when they fail. */
final class FencepostCommand {

  private FencepostCommand() {}

  /** The first word is the file, the others are the command line. */
  public static void main(String[] words) throws IOException {
    FileOutputStream log = new FileOutputStream(words[0], true);
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    Main.main(Arrays.copyOfRange(words, 1, words.length));
  }
}
