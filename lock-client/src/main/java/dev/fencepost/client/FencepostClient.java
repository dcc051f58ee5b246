package dev.fencepost.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A client of the lock service. One per process is enough. Thread-safe.
 *
 * <p>It has one stream to each replica that its locks prefer, one timer thread, and no thread per
 * lock or waiter.
 *
 * <pre>{@code
 * try (FencepostClient client = FencepostClient.connect(target)) {
 *   FencepostLock order = client.lock("orders/42");
 *   try (LockHandle lock = order.acquire(Duration.ofSeconds(5))) { // renews by itself
 *     lock.onLost(loss -> worker.interrupt());
 *     orders.update(42, lock.token()); // the fence
 *   }
 * }
 * }</pre>
 */
public interface FencepostClient extends AutoCloseable {

  /**
   * Creates a client with the default settings. It connects in the background, so this never
   * blocks.
   *
   * @param target {@code host:port}, several separated by commas, or {@code dns:///host:port} for
   *     every address of a name; the default port is 7420
   * @throws dev.fencepost.lock.InvalidValueException if the target is none of these
   */
  static FencepostClient connect(String target) {
    return builder(target).build();
  }

  /** Begins a client with other settings; see {@link #connect} for the target. */
  static ClientBuilder builder(String target) {
    return new ClientBuilder(target);
  }

  /**
   * Describes a lock.
   *
   * @throws dev.fencepost.lock.InvalidValueException if the name is not a valid lock name
   */
  FencepostLock lock(String name);

  /**
   * Takes all of several locks, or none. They are taken in the order of their names' bytes, so that
   * two callers with the same locks never wait for each other. One deadline counts for all.
   *
   * <pre>{@code
   * List<FencepostLock> accounts = List.of(client.lock("account/7"), client.lock("account/3"));
   * try (MultiHandle both = client.acquireAll(accounts, Duration.ofSeconds(5))) {
   *   if (both.isHeld()) {
   *     transfer.run();
   *   }
   * }
   * }</pre>
   *
   * @throws LockNotGrantedException if one of them is not granted in time
   * @throws LockLostException if one was lost during the wait for others
   * @throws dev.fencepost.lock.InvalidValueException if a name comes twice
   */
  MultiHandle acquireAll(List<FencepostLock> locks, Duration wait) throws InterruptedException;

  /** Returns the token service: current tokens, validation, high-water marks. */
  FencingClient fencing();

  /**
   * Asks a server for its version, its store and its limits. Stages that depend on the future run
   * on the callback executor. The future fails with {@link UnavailableException} if no server
   * answers within the call timeout.
   */
  CompletableFuture<ServerInfo> serverInfo();

  /**
   * Reads the state of a lock from its preferred replica. Stages that depend on the future run on
   * the callback executor.
   */
  CompletableFuture<LockView> inspect(String name);

  /**
   * Follows locks: publishes the state of each, then every later state. States in between are
   * merged, also while the subscriber is slow, and a state never goes back. A state usually arrives
   * at once, at most 2 s behind the store. The stream never ends by itself: if a replica goes,
   * another is asked. It fails if the server does not accept the request. Any number of subscribers
   * may subscribe; they are called on the callback executor.
   *
   * @param names 1–100 lock names
   */
  Flow.Publisher<LockView> watch(String... names);

  /**
   * Waits until a server is connected; false if none is in time. Calling it is optional: every
   * operation waits for a connection by itself.
   */
  boolean awaitReady(Duration timeout) throws InterruptedException;

  /**
   * Withdraws waiting claims, releases held locks and ends the sessions, all within 5 s. A lock
   * that could not be released by then becomes free when its lease ends.
   */
  @Override
  void close();
}
