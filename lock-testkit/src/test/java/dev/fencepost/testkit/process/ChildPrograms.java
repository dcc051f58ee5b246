package dev.fencepost.testkit.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** What children run in the tests. */
final class ChildPrograms {

  private ChildPrograms() {}

  /** Prints its arguments, then what it reads, until that ends. */
  static final class Echo {
    private Echo() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println("arguments " + List.of(arguments));
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        System.out.println("read " + line);
      }
    }
  }

  /** Does nothing for ever. */
  static final class Idle {
    private Idle() {}

    public static void main(String[] arguments) {
      System.out.println("idle");
      while (true) {
        LockSupport.park();
      }
    }
  }

  /** Starts an idle child, prints its id, and does nothing for ever. */
  static final class Parent {
    private Parent() {}

    public static void main(String[] arguments) {
      System.out.println(ChildJvm.start(List.of(), Idle.class).pid());
      Idle.main(arguments);
    }
  }
}
