package dev.fencepost.cli.console;

import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts the thread that created it when a termination signal arrives. {@link #redirect} passes
 * the signals to a receiver instead.
 */
public final class SignalInterruption implements AutoCloseable {
  private final Thread thread;
  private final CommandSignals signals;
  private @Nullable Consumer<CommandSignals.Kind> receiver;
  private CommandSignals.@Nullable Kind pending;

  private SignalInterruption(Thread thread) {
    this.thread = thread;
    this.signals = CommandSignals.handleWith(this::onSignal);
  }

  public static SignalInterruption ofThisThread() {
    return new SignalInterruption(Thread.currentThread());
  }

  /**
   * Passes the signals to {@code newReceiver} from now on, and also an earlier one if the thread
   * has not noticed its interruption.
   */
  public synchronized void redirect(Consumer<CommandSignals.Kind> newReceiver) {
    receiver = newReceiver;
    if (Thread.interrupted() && pending != null) {
      newReceiver.accept(pending);
    }
  }

  /** The exit code of a process that the last signal ended; SIGINT if there was none. */
  public synchronized int exitCode() {
    return ExitCode.ofSignal(Optional.ofNullable(pending).orElse(CommandSignals.Kind.INT).number());
  }

  @Override
  public void close() {
    signals.close();
  }

  private synchronized void onSignal(CommandSignals.Kind kind) {
    pending = kind;
    if (receiver == null) {
      thread.interrupt();
    } else {
      receiver.accept(kind);
    }
  }
}
