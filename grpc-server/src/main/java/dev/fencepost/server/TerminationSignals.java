package dev.fencepost.server;

import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes SIGTERM and SIGINT before the JVM does. A shutdown hook would not do: all hooks run at
 * once, so an embedded store could close under the calls that are still to be answered, and the
 * exit code would be the signal's. The JDK's class for it is not part of its API, so it is asked
 * for by name; without it the JVM's own way remains.
 */
final class TerminationSignals {
  private static final Logger LOG = LoggerFactory.getLogger(TerminationSignals.class);

  private TerminationSignals() {}

  /** Runs the task at each SIGTERM or SIGINT, on a thread of the JVM. */
  static void onTermination(Runnable task) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              TerminationSignals.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                switch (method.getName()) {
                  case "handle" -> task.run();
                  case "hashCode" -> {
                    return System.identityHashCode(self);
                  }
                  case "equals" -> {
                    return self == arguments[0];
                  }
                  default -> {
                    return "Fencepost's handler of signals";
                  }
                }
                return null;
              });
      for (String name : new String[] {"TERM", "INT"}) {
        Object termination = signal.getConstructor(String.class).newInstance(name);
        signal.getMethod("handle", signal, handler).invoke(null, termination, proxy);
      }
    } catch (ReflectiveOperationException e) {
      LOG.warn("signals cannot be handled on this JVM: stopping will not drain", e);
    }
  }
}
