package dev.fencepost.server;

import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles SIGTERM and SIGINT before the JVM does. A shutdown hook is not enough: all hooks run at
 * once, so an embedded store could close before open calls are answered, and the exit code would be
 * that of the signal. The JDK's class for signals is not part of its API, so it is loaded by name.
 * Without it the default behaviour of the JVM remains.
 */
final class ShutdownSignals {
  private static final Logger LOG = LoggerFactory.getLogger(ShutdownSignals.class);

  private ShutdownSignals() {}

  /** Runs the task at each SIGTERM or SIGINT, on a thread of the JVM. */
  static void onTermination(Runnable task) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              ShutdownSignals.class.getClassLoader(),
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
