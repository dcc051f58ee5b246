package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.proto.v1.LockChange;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Restarts a watch after a broken connection or a server restart. Gives up only if no server
 * answered at all within the timeout, or if a server refuses.
 */
public final class WatchReconnector {
  private static final long RETRY_MILLIS = 500;

  private final ServerPool servers;
  private final Duration timeout;
  private final CommandConsole console;

  public WatchReconnector(ServerPool servers, Duration timeout, CommandConsole console) {
    this.servers = servers;
    this.timeout = timeout;
    this.console = console;
  }

  /** Watches until the thread is interrupted or a server refuses. */
  public void follow(ChangeSource source, Consumer<LockChange> receiver)
      throws InterruptedException {
    long startNanos = System.nanoTime();
    ConnectionState connection = new ConnectionState(receiver);
    while (true) {
      try {
        source.follow(connection);
      } catch (CallException e) {
        boolean isTimedOut = System.nanoTime() - startNanos > timeout.toNanos();
        if (e.exitCode() != ExitCode.UNAVAILABLE || (!connection.everConnected && isTimedOut)) {
          throw e;
        }
        if (connection.isConnected) {
          console.note(e.getMessage() + "; trying again");
        }
        connection.isConnected = false;
        servers.moveToNext();
        TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
      }
    }
  }

  /** Remembers whether the watch is connected now, and whether it ever was. */
  private static final class ConnectionState implements ChangeSource.Receiver {
    private final Consumer<LockChange> receiver;
    private boolean everConnected;
    private boolean isConnected;

    ConnectionState(Consumer<LockChange> receiver) {
      this.receiver = receiver;
    }

    @Override
    public void onConnected() {
      everConnected = true;
      isConnected = true;
    }

    @Override
    public void onChange(LockChange change) {
      receiver.accept(change);
    }
  }
}
