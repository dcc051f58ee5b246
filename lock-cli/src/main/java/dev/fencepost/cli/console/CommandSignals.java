package dev.fencepost.cli.console;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Handles the signals that ask a process to end, until it is closed. Signals that were ignored when
 * the process started stay ignored.
 *
 * <p>Only {@code sun.misc.Signal} tells which signal arrived. It is called by reflection, because
 * compilers warn of it.
 */
public final class CommandSignals implements AutoCloseable {
  /** The signals that a terminal, a service manager or a person sends to end a process. */
  public enum Kind {
    HUP(1),
    INT(2),
    TERM(15);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  private record PreviousHandler(Object signal, Object handler) {}

  private final List<PreviousHandler> previousHandlers = new ArrayList<>();

  private CommandSignals() {}

  /** Passes every signal to the receiver, on a thread of the JVM. */
  static CommandSignals handleWith(Consumer<Kind> receiver) {
    CommandSignals signals = new CommandSignals();
    try {
      for (Kind kind : Kind.values()) {
        signals.handle(kind, receiver);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JVM has no sun.misc.Signal", e);
    }
    return signals;
  }

  @Override
  public void close() {
    try {
      for (PreviousHandler previous : previousHandlers) {
        install(previous.signal(), previous.handler());
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JVM has no sun.misc.Signal", e);
    }
  }

  private void handle(Kind kind, Consumer<Kind> receiver) throws ReflectiveOperationException {
    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
    Object signal =
        Class.forName("sun.misc.Signal").getConstructor(String.class).newInstance(kind.name());
    Object handler =
        Proxy.newProxyInstance(
            CommandSignals.class.getClassLoader(),
            new Class<?>[] {handlerType},
            (proxy, method, arguments) -> invokeHandler(kind, receiver, proxy, method, arguments));
    try {
      previousHandlers.add(new PreviousHandler(signal, install(signal, handler)));
    } catch (InvocationTargetException e) {
      // The JVM does not hand out this signal (-Xrs); its default action stays.
    }
  }

  private static Object invokeHandler(
      Kind kind, Consumer<Kind> receiver, Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "handle" -> {
        receiver.accept(kind);
        yield kind;
      }
      case "equals" -> proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> kind.name();
    };
  }

  private static Object install(Object signal, Object handler) throws ReflectiveOperationException {
    return Class.forName("sun.misc.Signal")
        .getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"))
        .invoke(null, signal, handler);
  }
}
