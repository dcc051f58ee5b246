package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.spi.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of requests to a store, and the calls in flight that carry them. Requests that
 * wait when a call may begin travel in it together; nothing waits for a batch to fill. Two requests
 * with the same key never share a batch, and a request that another one may spoil travels alone, in
 * places of its own.
 *
 * <p>Requests are sent in the order of their arrival, those that travel alone and the others each
 * among themselves, and are answered in any order. A request whose deadline passes fails then; its
 * call keeps its place until the store owes no answer, so that a silent store cannot be flooded.
 * Renewals that must not wait behind attempts get a lane of their own.
 *
 * <p>Any thread that submits or answers a request begins the next calls, in one {@link LaneLoop}.
 * Senders run outside the monitor.
 *
 * <p>Safe for use by many threads.
 *
 * @param <Q> the type of requests
 * @param <A> the type of answers
 */
public final class CallLane<Q, A> {
  private static final int SCANNED_PER_REQUEST = 8;

  private final CallFailures failures;
  private final CallDeadlines deadlines;
  private final Limits limits;
  private final IntSupplier inFlightLimit;
  private final Function<Q, Object> keyOf;
  private final BatchSender<Q, A> sender;
  private final Deque<LaneRequest<Q, A>> queue = new ArrayDeque<>();
  private final Deque<LaneRequest<Q, A>> aloneQueue = new ArrayDeque<>();

  /** This lane as the loop knows it. */
  private final BooleanSupplier sendNext = this::sendNext;

  private final Supplier<StoreException> timeout;

  private int batchSize;

  /** The number of sweeps before the queue was last searched for requests that timed out. */
  private long searchedAtSweep = -1;

  private int inFlight;
  private int aloneInFlight;
  private boolean closed;

  /** Sends requests to the store. */
  @FunctionalInterface
  public interface BatchSender<Q, A> {
    /**
     * Sends requests together.
     *
     * @param requests at least one
     * @param deadline the latest of their deadlines
     * @return a stage that completes when the store owes no answer, with one reply for each request
     *     in their order. A failure, or an exception, fails all of them
     */
    CompletionStage<List<BatchReply<A>>> send(List<Q> requests, CallDeadline deadline);
  }

  /**
   * The bounds of a lane.
   *
   * @param batchSize most requests in one call
   * @param inFlight most calls in flight, without those that carry one request alone
   * @param aloneInFlight most calls in flight that carry one request alone
   * @param capacity most requests in the queue
   */
  public record Limits(int batchSize, int inFlight, int aloneInFlight, int capacity) {}

  /**
   * Makes an empty lane.
   *
   * @param keyOf the key of a request, which two requests of a batch must not share. It must not
   *     throw
   */
  public CallLane(
      CallFailures failures,
      CallDeadlines deadlines,
      Limits limits,
      Function<Q, Object> keyOf,
      BatchSender<Q, A> sender) {
    this(failures, deadlines, limits, limits::inFlight, keyOf, sender);
  }

  /**
   * Makes an empty lane with a limit that varies.
   *
   * @param inFlightLimit takes the place of {@link Limits#inFlight}. Queried under the monitor when
   *     a request arrives or is answered, and by {@link #admit}. It must not throw
   */
  CallLane(
      CallFailures failures,
      CallDeadlines deadlines,
      Limits limits,
      IntSupplier inFlightLimit,
      Function<Q, Object> keyOf,
      BatchSender<Q, A> sender) {
    this.failures = failures;
    this.deadlines = deadlines;
    this.limits = limits;
    this.inFlightLimit = inFlightLimit;
    this.keyOf = keyOf;
    this.sender = sender;
    this.batchSize = limits.batchSize();
    this.timeout = failures::timeout;
  }

  /** Queues a request for the next batch. Its stage completes at the deadline at the latest. */
  public CompletableFuture<A> submit(Q request, CallDeadline deadline) {
    return enqueue(queue, request, deadline);
  }

  /** Queues a request that travels alone. */
  public CompletableFuture<A> submitAlone(Q request, CallDeadline deadline) {
    return enqueue(aloneQueue, request, deadline);
  }

  /**
   * Begins queued calls up to the present limit. To be called when a varying limit may be higher.
   */
  public void admit() {
    LaneLoop.visit(sendNext);
  }

  /** Makes later batches no larger than this, because the store refused a larger one. */
  public synchronized void shrinkBatches(int most) {
    batchSize = Math.max(1, Math.min(batchSize, most));
  }

  /**
   * Makes later batches twice as large, up to the bound. To be called from time to time, because
   * the store may accept larger batches again.
   */
  public synchronized void growBatches() {
    batchSize = Math.min(2 * batchSize, limits.batchSize());
  }

  /** Fails the queued requests and refuses all later ones. Calls in flight end by themselves. */
  public void close() {
    List<LaneRequest<Q, A>> left = new ArrayList<>();
    synchronized (this) {
      closed = true;
      left.addAll(aloneQueue);
      left.addAll(queue);
      aloneQueue.clear();
      queue.clear();
    }
    left.forEach(each -> each.fail(CallFailures.closed()));
  }

  private CompletableFuture<A> enqueue(
      Deque<LaneRequest<Q, A>> into, Q request, CallDeadline deadline) {
    LaneRequest<Q, A> queued = new LaneRequest<>(request, deadline);
    boolean mayBegin;
    synchronized (this) {
      if (closed) {
        return CompletableFuture.failedFuture(CallFailures.closed());
      }
      if (isFull()) {
        return CompletableFuture.failedFuture(failures.overloaded());
      }
      into.addLast(queued);
      mayBegin = into == queue ? isPlaceFree() : isAlonePlaceFree();
    }
    queued.expireIn(deadlines, timeout);
    if (mayBegin) {
      // Otherwise the call that frees a place begins the next ones.
      admit();
    }
    return queued.answer();
  }

  /** Sends one batch if one may begin. Returns true if another one may follow. */
  private boolean sendNext() {
    LaneBatch<Q, A> batch = take();
    if (batch == null) {
      return false;
    }
    send(batch);
    return batch.isMoreQueued();
  }

  private synchronized @Nullable LaneBatch<Q, A> take() {
    long nowNanos = deadlines.nowNanos();
    if (!aloneQueue.isEmpty() && isAlonePlaceFree()) {
      LaneRequest<Q, A> next = pollPending(aloneQueue, nowNanos);
      if (next != null) {
        aloneInFlight++;
        return new LaneBatch<>(List.of(next), true, isAnyQueued());
      }
    }
    if (queue.isEmpty() || !isPlaceFree()) {
      return null;
    }
    List<LaneRequest<Q, A>> batch =
        batchSize == 1 || queue.size() == 1 ? takeOne(nowNanos) : takeMany(nowNanos);
    if (batch.isEmpty()) {
      return null;
    }
    inFlight++;
    return new LaneBatch<>(batch, false, isAnyQueued());
  }

  private boolean isPlaceFree() {
    return inFlight < inFlightLimit.getAsInt();
  }

  private boolean isAlonePlaceFree() {
    return aloneInFlight < limits.aloneInFlight();
  }

  private boolean isAnyQueued() {
    return !queue.isEmpty() || !aloneQueue.isEmpty();
  }

  private List<LaneRequest<Q, A>> takeOne(long nowNanos) {
    LaneRequest<Q, A> next = pollPending(queue, nowNanos);
    return next == null ? List.of() : List.of(next);
  }

  private List<LaneRequest<Q, A>> takeMany(long nowNanos) {
    List<LaneRequest<Q, A>> batch = new ArrayList<>(Math.min(queue.size(), batchSize));
    Deque<LaneRequest<Q, A>> passedOver = new ArrayDeque<>();
    Set<Object> keys = new HashSet<>();
    int scanned = 0;
    while (batch.size() < batchSize && scanned++ < batchSize * SCANNED_PER_REQUEST) {
      LaneRequest<Q, A> each = pollPending(queue, nowNanos);
      if (each == null) {
        break;
      }
      (keys.add(keyOf.apply(each.request())) ? batch : passedOver).add(each);
    }
    while (!passedOver.isEmpty()) {
      queue.addFirst(passedOver.removeLast());
    }
    return batch;
  }

  /**
   * True if the queue has no room, even without the requests that timed out. They are looked for
   * once after each sweep: a full queue must not be searched for each request that it refuses.
   */
  private boolean isFull() {
    if (queue.size() + aloneQueue.size() < limits.capacity()) {
      return false;
    }
    long sweeps = deadlines.sweepCount();
    if (sweeps != searchedAtSweep) {
      searchedAtSweep = sweeps;
      queue.removeIf(LaneRequest::isDone);
      aloneQueue.removeIf(LaneRequest::isDone);
    }
    return queue.size() + aloneQueue.size() >= limits.capacity();
  }

  /**
   * Removes the first request that may still be sent. Those that timed out before it are dropped,
   * even if the next sweep has yet to fail them.
   */
  private static <Q, A> @Nullable LaneRequest<Q, A> pollPending(
      Deque<LaneRequest<Q, A>> from, long nowNanos) {
    LaneRequest<Q, A> first = from.pollFirst();
    while (first != null && first.isOverAt(nowNanos)) {
      first = from.pollFirst();
    }
    return first;
  }

  private void send(LaneBatch<Q, A> batch) {
    AsyncCalls.start(() -> sender.send(batch.requests(), batch.deadline()))
        .whenComplete((replies, error) -> settle(batch, replies, error));
  }

  /**
   * Answers the requests of a call, and then frees its place. In this order the requests that
   * follow from the answers travel together: the first of them would begin a call of its own.
   */
  private void settle(
      LaneBatch<Q, A> batch, @Nullable List<BatchReply<A>> answered, @Nullable Throwable error) {
    List<BatchReply<A>> replies = repliesTo(batch, answered, error);
    for (int i = 0; i < replies.size(); i++) {
      LaneRequest<Q, A> each = batch.members().get(i);
      if (replies.get(i) instanceof BatchReply.Answered<A> reply) {
        each.complete(reply.answer());
      } else if (replies.get(i) instanceof BatchReply.Failed<A> reply) {
        each.fail(AsyncCalls.cause(reply.error()));
      }
    }
    goOn(batch, free(batch, replies));
  }

  /** Begins the next calls if requests were queued when the place became free. */
  private void goOn(LaneBatch<Q, A> batch, Freed freed) {
    if (freed == Freed.CLOSED) {
      // Requests that would travel alone; all others are complete already.
      batch.members().forEach(each -> each.fail(CallFailures.closed()));
    } else if (freed == Freed.WORK_IS_QUEUED) {
      // Later requests begin by themselves, so the usual call enters the monitor once less.
      admit();
    }
  }

  private static <Q, A> List<BatchReply<A>> repliesTo(
      LaneBatch<Q, A> batch, @Nullable List<BatchReply<A>> answered, @Nullable Throwable error) {
    int size = batch.members().size();
    if (error == null && answered != null && answered.size() == size) {
      return answered;
    }
    Throwable failure =
        error == null ? new IllegalStateException("not one reply for each of " + size) : error;
    return Collections.nCopies(size, new BatchReply.Failed<>(failure));
  }

  /** Frees the place of a call and queues the requests again that must travel alone. */
  private synchronized Freed free(LaneBatch<Q, A> batch, List<BatchReply<A>> replies) {
    if (batch.isAlone()) {
      aloneInFlight--;
    } else {
      inFlight--;
    }
    if (closed) {
      return Freed.CLOSED;
    }
    for (int i = replies.size() - 1; i >= 0; i--) {
      LaneRequest<Q, A> each = batch.members().get(i);
      if (replies.get(i) instanceof BatchReply.SendAlone && !each.isDone()) {
        aloneQueue.addFirst(each);
      }
    }
    return isAnyQueued() ? Freed.WORK_IS_QUEUED : Freed.NOTHING_QUEUED;
  }

  /** The state of the lane when a place became free. */
  private enum Freed {
    CLOSED,
    NOTHING_QUEUED,
    WORK_IS_QUEUED
  }
}
