package dev.fencepost.cli;

/** Where the {@code fencepost} process begins. */
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] words) {
    System.exit(new Fencepost(Console.ofProcess()).run(words));
  }
}
