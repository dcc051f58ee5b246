package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallGate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.jspecify.annotations.Nullable;

/**
 * Single requests to the ensemble pass this gate. It is open only while this replica is connected
 * and registered, and it bounds the requests in flight and in the queue. Safe for use by many
 * threads.
 */
public final class RequestGate {
  /** Most requests in flight, without batches. */
  public static final int MAX_IN_FLIGHT = 256;

  private final String syncPath;
  private final Duration callTimeout;
  private final CallGate calls;
  private volatile @Nullable ZookeeperClient ready;

  /** Creates a closed gate. */
  public RequestGate(ZookeeperSettings settings, CallDeadlines deadlines) {
    syncPath = settings.schema().root();
    callTimeout = settings.callTimeout();
    calls = new CallGate(ZookeeperErrors.FAILURES, deadlines, MAX_IN_FLIGHT, settings.queue());
  }

  /** Lets requests pass, to this client. */
  public void open(ZookeeperClient client) {
    ready = client;
  }

  /** Fails the queued requests and those that come from now on. Those in flight stay. */
  public void close() {
    ready = null;
  }

  /** Returns the client while the gate is open; fails with "unreachable" otherwise. */
  public ZookeeperClient client() {
    ZookeeperClient client = ready;
    if (client == null) {
      throw ZookeeperErrors.FAILURES.unreachable();
    }
    return client;
  }

  /** Returns the deadline of a call that begins now. */
  public CallDeadline newDeadline() {
    return CallDeadline.in(callTimeout);
  }

  /** Executes a transaction. */
  public CompletableFuture<MultiResult> transact(List<Op> operations, CallDeadline deadline) {
    return call(client -> client.transact(operations), deadline);
  }

  /** Reads nodes linearizably, all at one moment, within a call timeout. */
  public CompletableFuture<List<OpResult>> read(List<Op> reads) {
    return read(reads, newDeadline());
  }

  /** Reads nodes linearizably, all at one moment. */
  public CompletableFuture<List<OpResult>> read(List<Op> reads, CallDeadline deadline) {
    return call(client -> client.read(syncPath, reads), deadline);
  }

  /** Runs a request now, or queues it until another one completes. */
  public <T> CompletableFuture<T> call(
      Function<ZookeeperClient, CompletableFuture<T>> request, CallDeadline deadline) {
    return calls.submit(() -> request.apply(client()), deadline);
  }
}
