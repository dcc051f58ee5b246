package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.time.TimingWheel;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Moves to new connections after the client's certificate was exchanged. Each replica gets a second
 * connection; once it is welcomed, the first says goodbye after its last result. Until then it is
 * used, so that an exchange costs no lock. Attempts that fail are repeated each second.
 */
final class SessionRenewal implements TimedItem {
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final AddressBook addressBook;
  private final Consumer<ReplicaNode> connectAgain;
  private final ClientClock clock;
  private final TimingWheel<SessionRenewal> wheel;
  private volatile long nextNanos = ClientClock.NEVER;

  SessionRenewal(
      AddressBook addressBook,
      Consumer<ReplicaNode> connectAgain,
      ClientClock clock,
      RoundScheduler scheduler) {
    this.addressBook = addressBook;
    this.connectAgain = connectAgain;
    this.clock = clock;
    this.wheel = scheduler.newWheel();
    wheel.add(this);
  }

  /** Renews the connections that exist now. */
  void begin() {
    addressBook.stream().filter(ReplicaNode::isConnected).forEach(node -> node.isOutdated = true);
    nextNanos = clock.nanos();
    wheel.reschedule(this);
  }

  @Override
  public long dueNanos() {
    return nextNanos;
  }

  @Override
  public void run(long nowNanos) {
    if (nowNanos < nextNanos) {
      return;
    }
    boolean isDone = !addressBook.anyMatch(node -> node.isConnected() && node.isOutdated);
    nextNanos = isDone ? ClientClock.NEVER : nowNanos + RETRY_NANOS;
    addressBook.stream()
        .filter(node -> node.isOpen() && node.isOutdated && node.successor == null)
        .forEach(connectAgain);
  }

  void close() {
    wheel.remove(this);
  }
}
