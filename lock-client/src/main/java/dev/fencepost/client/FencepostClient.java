package dev.fencepost.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A client of the lock service; one per process is enough. Thread-safe.
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
   * A client with the usual settings. Never blocks: it connects by itself.
   *
   * @param target {@code host:port}, several separated by commas, or {@code dns:///host:port} for
   *     every address of a name; the port may be left out and is 7420 then
   * @throws dev.fencepost.lock.InvalidValueException if the target is none of these
   */
  static FencepostClient connect(String target) {
    return builder(target).build();
  }

  /** A client with other settings; see {@link #connect} for the target. */
  static ClientBuilder builder(String target) {
    return new ClientBuilder(target);
  }

  /**
   * Describes a lock.
   *
   * @throws dev.fencepost.lock.InvalidValueException if there can be no lock of this name
   */
  FencepostLock lock(String name);

  /**
   * Takes several locks, or none: in the order of their names' bytes, so that two who want the same
   * locks never wait for each other, and with one deadline for all.
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
   * @throws LockLostException if one was lost while others were waited for
   * @throws dev.fencepost.lock.InvalidValueException if a name comes twice
   */
  MultiHandle acquireAll(List<FencepostLock> locks, Duration wait) throws InterruptedException;

  /** What the service knows of tokens. */
  FencingClient fencing();

  /**
   * Asks a server what it is and which limits it applies. What depends on the future runs on the
   * callback executor; it fails with {@link UnavailableException} if nobody answers within the call
   * timeout.
   */
  CompletableFuture<ServerInfo> serverInfo();

  /**
   * Looks at a lock, on the replica that it prefers. What depends on the future runs on the
   * callback executor.
   */
  CompletableFuture<LockView> inspect(String name);

  /**
   * Follows locks: the state of each, then every later state; states in between are merged, also
   * while the subscriber is slow, and none goes back. Usually at once, at most 2 s behind the
   * store. It never ends by itself: when a replica goes, another is asked. It fails if the server
   * does not take the request. For any number of subscribers, which are called on the callback
   * executor.
   *
   * @param names 1–100 of them
   */
  Flow.Publisher<LockView> watch(String... names);

  /**
   * Waits until a server is connected; false if none is in time. Nothing needs it: whatever is
   * asked of the client waits for a connection by itself.
   */
  boolean awaitReady(Duration timeout) throws InterruptedException;

  /**
   * Withdraws what waits, releases what is held, and says goodbye, all within 5 s. What could not
   * be released by then is lost to others with its lease.
   */
  @Override
  void close();
}
