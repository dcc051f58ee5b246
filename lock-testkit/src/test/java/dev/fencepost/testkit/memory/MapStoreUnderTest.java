package dev.fencepost.testkit.memory;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** The map as a store to try the contract on. Its time passes at a word. */
final class MapStoreUnderTest implements StoreUnderTest {
  private final MapServer server = new MapServer();

  MapStoreUnderTest() {
    wipe();
  }

  @Override
  public LockBackend newBackend() {
    return MapBackend.on(server);
  }

  @Override
  public boolean wakesByNotification() {
    return true;
  }

  @Override
  public boolean honoursTokenFloor() {
    return true;
  }

  @Override
  public void restart() {
    // The map lives on; all connections to it were closed.
  }

  @Override
  public void wipe() {
    run(
        () -> {
          for (String kept : new String[] {MapStore.LOCKS, MapStore.MARKS}) {
            server
                .list(kept, "", Integer.MAX_VALUE)
                .forEach(each -> server.put(each.getKey(), Optional.empty()));
          }
          server.put(MapStore.ID_KEY, Optional.of(UUID.randomUUID().toString()));
        });
  }

  @Override
  public void purgeIdle() {
    run(
        () ->
            server.list(MapStore.LOCKS, "", Integer.MAX_VALUE).stream()
                .filter(
                    each ->
                        each.getValue().value().orElseThrow() instanceof LockRecord lock
                            && lock.isIdleAt(server.nowMicros()))
                .forEach(each -> server.put(each.getKey(), Optional.empty())));
  }

  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    run(
        () -> {
          LockRecord before = MapLockTable.decode(lock, server.read(MapStore.keyOf(lock)));
          LockRecord raised =
              new LockRecord(
                  lock,
                  before.ownership(),
                  last.value(),
                  before.freeAtMicros(),
                  before.turn(),
                  before.replicaQueue(),
                  before.revoked());
          server.put(MapStore.keyOf(lock), Optional.of(raised));
        });
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    run(() -> server.put(MapStore.keyOf(lock), Optional.of(damage)));
  }

  @Override
  public void misname(LockName lock, byte[] name) {
    run(() -> server.put(MapStore.keyOf(lock), Optional.empty()));
  }

  @Override
  public Stall stall(LockName lock) {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    CompletableFuture<Boolean> stalled =
        server.call(
            () -> {
              begun.countDown();
              return awaitQuietly(over);
            });
    awaitQuietly(begun);
    return () -> {
      over.countDown();
      stalled.join();
    };
  }

  @Override
  public void elapse(Duration time) {
    server.elapse(time);
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(1);
  }

  @Override
  public void close() {
    server.close();
  }

  private void run(Runnable step) {
    server
        .call(
            () -> {
              step.run();
              return true;
            })
        .join();
  }

  private static boolean awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
