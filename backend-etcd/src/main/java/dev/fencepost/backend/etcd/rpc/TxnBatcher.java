package dev.fencepost.backend.etcd.rpc;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A queue of requests to etcd, in order of arrival. Requests that wait when a transaction may be
 * sent share it, but never two requests on one key, because all comparisons of a transaction see
 * the state before it. Nothing waits for a batch to fill.
 *
 * <p>If etcd refuses a batch as a whole, its requests are retried one by one, so that a request
 * fails only for its own reasons. Safe for use by many threads.
 *
 * @param <Q> the type of requests
 * @param <A> the type of answers
 */
public final class TxnBatcher<Q, A> {
  private static final int SCANNED_PER_REQUEST = 8;
  private static final int MAX_SINGLES_IN_FLIGHT = 64;

  private final Batching<Q, A> batching;
  private final TxnSender sender;
  private final TxnCounters counters;
  private final int capacity;
  private final Deque<QueuedRequest<Q, A>> queue = new ArrayDeque<>();
  private int batchSize;
  private int inFlightLimit;
  private int inFlight;
  private boolean draining;
  private boolean drainAgain;

  /** Joins requests in a transaction, and splits its answer into theirs. */
  public interface Batching<Q, A> {

    /** Returns the key of a request. Requests with the same key never share a transaction. */
    ByteString key(Q request);

    TxnRequest join(List<Q> requests);

    /** Returns the only connection that may carry them. */
    default long connection(List<Q> requests) {
      return EtcdConnections.ANY_CONNECTION;
    }

    /** Returns the answers, in the order of the requests. */
    List<A> split(int requests, EtcdReply<TxnResponse> reply);
  }

  /** Sends a transaction over one connection only. */
  @FunctionalInterface
  public interface TxnSender {
    CompletionStage<EtcdReply<TxnResponse>> send(
        TxnRequest request, long connection, CallDeadline deadline);
  }

  /**
   * The bounds of a batcher.
   *
   * @param batchSize most requests in a transaction
   * @param inFlight most transactions in flight
   * @param capacity most requests in the queue
   */
  public record Limits(int batchSize, int inFlight, int capacity) {}

  public TxnBatcher(
      Batching<Q, A> batching, Limits limits, TxnSender sender, TxnCounters counters) {
    this.batching = batching;
    this.sender = sender;
    this.counters = counters;
    this.capacity = limits.capacity();
    this.batchSize = limits.batchSize();
    this.inFlightLimit = inFlightLimit(limits.batchSize(), limits.inFlight());
  }

  /** Queues a request. Its stage completes before the deadline, or fails. */
  public CompletionStage<A> submit(Q request, CallDeadline deadline) {
    QueuedRequest<Q, A> queued;
    try {
      queued =
          new QueuedRequest<>(
              batching.key(request), request, deadline, false, new CompletableFuture<>());
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
    synchronized (this) {
      if (queue.size() >= capacity) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_OVERLOADED, "too many calls are queued for etcd"));
      }
      queue.addLast(queued);
    }
    drain();
    return queued.answer();
  }

  private record QueuedRequest<Q, A>(
      ByteString key,
      Q request,
      CallDeadline deadline,
      boolean alone,
      CompletableFuture<A> answer) {

    QueuedRequest<Q, A> retriedAlone() {
      return new QueuedRequest<>(key, request, deadline, true, answer);
    }
  }

  /** Single requests fill no batches, so more of them must be in flight. */
  private static int inFlightLimit(int batchSize, int inFlight) {
    return batchSize == 1 ? Math.max(inFlight, MAX_SINGLES_IN_FLIGHT) : inFlight;
  }

  /** Runs on one thread at a time: a call that fails at once re-enters while it is being sent. */
  private void drain() {
    synchronized (this) {
      if (draining) {
        drainAgain = true;
        return;
      }
      draining = true;
    }
    List<QueuedRequest<Q, A>> batch = nextOrStop();
    while (!batch.isEmpty()) {
      send(batch);
      batch = nextOrStop();
    }
  }

  private synchronized List<QueuedRequest<Q, A>> nextOrStop() {
    List<QueuedRequest<Q, A>> batch = takeBatch();
    while (batch.isEmpty() && drainAgain) {
      drainAgain = false;
      batch = takeBatch();
    }
    draining = !batch.isEmpty();
    return batch;
  }

  /** Never throws, since an exception would end the drain for ever. */
  private void send(List<QueuedRequest<Q, A>> batch) {
    AsyncCalls.start(() -> sendJoined(batch))
        .whenComplete(
            (reply, error) -> {
              synchronized (this) {
                inFlight--;
              }
              if (error == null) {
                onReply(batch, reply);
              } else {
                onFailure(batch, error);
              }
              drain();
            });
  }

  private CompletionStage<EtcdReply<TxnResponse>> sendJoined(List<QueuedRequest<Q, A>> batch) {
    CallDeadline latest = batch.get(0).deadline();
    for (QueuedRequest<Q, A> each : batch) {
      latest = latest.orLater(each.deadline());
    }
    counters.recordBatch(batch.size());
    List<Q> requests = batch.stream().map(QueuedRequest::request).toList();
    return sender.send(batching.join(requests), batching.connection(requests), latest);
  }

  private void onReply(List<QueuedRequest<Q, A>> batch, EtcdReply<TxnResponse> reply) {
    List<A> answers;
    try {
      answers = batching.split(batch.size(), reply);
      if (answers.size() != batch.size()) {
        throw new IllegalStateException(
            "etcd gave " + answers.size() + " answers to " + batch.size() + " requests");
      }
    } catch (RuntimeException e) {
      batch.forEach(each -> each.answer().completeExceptionally(e));
      return;
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).answer().complete(answers.get(i));
    }
  }

  private void onFailure(List<QueuedRequest<Q, A>> batch, Throwable error) {
    boolean refused =
        EtcdException.find(error)
            .filter(found -> found.kind() != EtcdException.Kind.UNANSWERED)
            .isPresent();
    if (!refused || batch.size() == 1) {
      batch.forEach(each -> each.answer().completeExceptionally(error));
      return;
    }
    synchronized (this) {
      if (EtcdException.isKind(error, EtcdException.Kind.TOO_LARGE)) {
        batchSize = Math.max(1, batch.size() / 2);
        inFlightLimit = inFlightLimit(batchSize, inFlightLimit);
      }
      for (int i = batch.size() - 1; i >= 0; i--) {
        queue.addFirst(batch.get(i).retriedAlone());
      }
    }
  }

  /** Takes the next batch from the queue, if one more may be in flight. */
  private List<QueuedRequest<Q, A>> takeBatch() {
    if (inFlight >= inFlightLimit || queue.isEmpty()) {
      return List.of();
    }
    List<QueuedRequest<Q, A>> batch = new ArrayList<>(Math.min(queue.size(), batchSize));
    Deque<QueuedRequest<Q, A>> passedOver = new ArrayDeque<>();
    Set<ByteString> keys = new HashSet<>();
    int scanned = 0;
    boolean full = false;
    while (!full && !queue.isEmpty() && scanned++ < batchSize * SCANNED_PER_REQUEST) {
      QueuedRequest<Q, A> each = queue.removeFirst();
      if (each.deadline().isOver()) {
        each.answer().completeExceptionally(EtcdErrors.timeout());
      } else if (each.alone() && !batch.isEmpty()) {
        passedOver.addLast(each);
        full = true;
      } else if (keys.add(each.key())) {
        batch.add(each);
        full = each.alone() || batch.size() >= batchSize;
      } else {
        passedOver.addLast(each);
      }
    }
    while (!passedOver.isEmpty()) {
      queue.addFirst(passedOver.removeLast());
    }
    if (!batch.isEmpty()) {
      inFlight++;
    }
    return batch;
  }
}
