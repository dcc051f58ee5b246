package dev.fencepost.cli;

import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts the thread that made it when a signal asks the process to end; later signals may be
 * given to somebody who can do better.
 */
final class Interruption implements AutoCloseable {
  private final Thread thread;
  private final Signals signals;
  private @Nullable Consumer<Signals.Kind> receiver;
  private Signals.@Nullable Kind pending;

  private Interruption(Thread thread) {
    this.thread = thread;
    this.signals = Signals.to(this::take);
  }

  static Interruption ofThisThread() {
    return new Interruption(Thread.currentThread());
  }

  /**
   * Gives the signals to {@code newReceiver} from now on, and one that came before as well if the
   * thread has not noticed it.
   */
  synchronized void redirect(Consumer<Signals.Kind> newReceiver) {
    receiver = newReceiver;
    if (Thread.interrupted() && pending != null) {
      newReceiver.accept(pending);
    }
  }

  /** The exit code of a process that this signal ends. */
  synchronized int exitCode() {
    return ExitCode.ofSignal(Optional.ofNullable(pending).orElse(Signals.Kind.INT).number());
  }

  @Override
  public void close() {
    signals.close();
  }

  private synchronized void take(Signals.Kind kind) {
    pending = kind;
    if (receiver == null) {
      thread.interrupt();
    } else {
      receiver.accept(kind);
    }
  }
}
