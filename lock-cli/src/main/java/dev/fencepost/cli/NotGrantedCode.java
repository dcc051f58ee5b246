package dev.fencepost.cli;

import picocli.CommandLine.Model.CommandSpec;

/** The option {@code -E}: another exit code for a lock that was not granted. */
final class NotGrantedCode {
  private static final int LARGEST = 255;

  private NotGrantedCode() {}

  static void describe(CommandSpec spec) {
    Options.value(spec, "-E", "CODE", "The exit code if the lock is not granted; default: 75.");
  }

  static int of(Invocation call) {
    return call.number("-E", 0, LARGEST).orElse(ExitCode.NOT_GRANTED.code());
  }
}
