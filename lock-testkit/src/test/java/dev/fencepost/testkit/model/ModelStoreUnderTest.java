package dev.fencepost.testkit.model;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** The model as a store to try the contract on. Its time passes at a word. */
final class ModelStoreUnderTest implements StoreUnderTest {

  private static final int THREADS = 4;

  private final AtomicLong aheadMicros = new AtomicLong();
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
  private final ModelServer server;
  private final BrokenBackend wrapping;

  ModelStoreUnderTest() {
    this(new ModelRules(), BrokenBackend.NOT_AT_ALL);
  }

  /** A store that breaks its rules. */
  ModelStoreUnderTest(ModelRules rules, BrokenBackend wrapping) {
    this.server = new ModelServer(this::nowMicros, threads, rules);
    this.wrapping = wrapping;
  }

  @Override
  public LockBackend newBackend() {
    return wrapping.around(server.newBackend(), this::nowMicros);
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
    wrapping.onRestart(server);
  }

  @Override
  public void wipe() {
    server.wipe();
  }

  @Override
  public void purgeIdle() {
    server.within(
        store -> {
          store.purgeIdle();
          return store;
        });
  }

  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    server.within(
        store -> {
          store.raiseToken(lock, last);
          return store;
        });
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    server.within(
        store -> {
          store.spoil(lock);
          return store;
        });
  }

  @Override
  public void misname(LockName lock, byte[] name) {
    server.within(
        store -> {
          store.remove(lock);
          return store;
        });
  }

  @Override
  public Stall stall(LockName lock) {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    threads.execute(
        () ->
            server.within(
                store -> {
                  begun.countDown();
                  awaitQuietly(over);
                  return store;
                }));
    awaitQuietly(begun);
    return over::countDown;
  }

  @Override
  public void elapse(Duration time) {
    aheadMicros.addAndGet(time.toNanos() / 1000);
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(1);
  }

  @Override
  public void close() {
    threads.shutdown();
  }

  private long nowMicros() {
    return ModelServer.wallClockMicros() + aheadMicros.get();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
