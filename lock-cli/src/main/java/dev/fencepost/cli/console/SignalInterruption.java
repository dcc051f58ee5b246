package dev.fencepost.cli.console;

import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts the thread that made it when a signal asks the process to end; later signals may be
 * given to somebody who can do better.
 */
public final class SignalInterruption implements AutoCloseable {
  private final Thread thread;
  private final TerminationSignals signals;
  private @Nullable Consumer<TerminationSignals.Kind> receiver;
  private TerminationSignals.@Nullable Kind pending;

  private SignalInterruption(Thread thread) {
    this.thread = thread;
    this.signals = TerminationSignals.to(this::take);
  }

  public static SignalInterruption ofThisThread() {
    return new SignalInterruption(Thread.currentThread());
  }

  /**
   * Gives the signals to {@code newReceiver} from now on, and one that came before as well if the
   * thread has not noticed it.
   */
  public synchronized void redirect(Consumer<TerminationSignals.Kind> newReceiver) {
    receiver = newReceiver;
    if (Thread.interrupted() && pending != null) {
      newReceiver.accept(pending);
    }
  }

  /** The exit code of a process that this signal ends. */
  public synchronized int exitCode() {
    return ExitCode.ofSignal(
        Optional.ofNullable(pending).orElse(TerminationSignals.Kind.INT).number());
  }

  @Override
  public void close() {
    signals.close();
  }

  private synchronized void take(TerminationSignals.Kind kind) {
    pending = kind;
    if (receiver == null) {
      thread.interrupt();
    } else {
      receiver.accept(kind);
    }
  }
}
