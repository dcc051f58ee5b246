package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.proto.v1.LockChange;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Keeps a watch going through broken connections and restarted servers. Only a watch that never
 * showed anything gives up.
 */
public final class WatchReconnector {
  private static final long PAUSE_MILLIS = 500;

  private final ServerPool servers;
  private final Duration timeout;
  private final CommandConsole console;

  public WatchReconnector(ServerPool servers, Duration timeout, CommandConsole console) {
    this.servers = servers;
    this.timeout = timeout;
    this.console = console;
  }

  /** Follows until the thread is interrupted, or a server refuses. */
  public void follow(ChangeSource watch, Consumer<LockChange> receiver)
      throws InterruptedException {
    long begun = System.nanoTime();
    Link link = new Link(receiver);
    while (true) {
      try {
        watch.follow(link);
      } catch (CallException e) {
        boolean isOver = System.nanoTime() - begun > timeout.toNanos();
        if (e.exitCode() != ExitCode.UNAVAILABLE || (!link.everConnected && isOver)) {
          throw e;
        }
        if (link.isConnected) {
          console.note(e.getMessage() + "; trying again");
        }
        link.isConnected = false;
        servers.next();
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
    }
  }

  /** Remembers whether there is, and was, a connection. */
  private static final class Link implements ChangeSource.Receiver {
    private final Consumer<LockChange> receiver;
    private boolean everConnected;
    private boolean isConnected;

    Link(Consumer<LockChange> receiver) {
      this.receiver = receiver;
    }

    @Override
    public void connected() {
      everConnected = true;
      isConnected = true;
    }

    @Override
    public void changed(LockChange change) {
      receiver.accept(change);
    }
  }
}
