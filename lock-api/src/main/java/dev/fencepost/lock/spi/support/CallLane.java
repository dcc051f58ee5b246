package dev.fencepost.lock.spi.support;

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
  private final Deque<QueuedRequest<Q, A>> queue = new ArrayDeque<>();
  private final Deque<QueuedRequest<Q, A>> aloneQueue = new ArrayDeque<>();

  /** This lane as the loop knows it. */
  private final BooleanSupplier sendNext = this::sendNext;

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
    List<QueuedRequest<Q, A>> left = new ArrayList<>();
    synchronized (this) {
      closed = true;
      left.addAll(aloneQueue);
      left.addAll(queue);
      aloneQueue.clear();
      queue.clear();
    }
    left.forEach(each -> each.answer.completeExceptionally(CallFailures.closed()));
  }

  private CompletableFuture<A> enqueue(
      Deque<QueuedRequest<Q, A>> into, Q request, CallDeadline deadline) {
    QueuedRequest<Q, A> queued = new QueuedRequest<>(request, deadline);
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
    deadlines.expire(queued.answer, deadline, failures::timeout);
    if (mayBegin) {
      // Otherwise the call that frees a place begins the next ones.
      admit();
    }
    return queued.answer;
  }

  /** Sends one batch if one may begin. Returns true if another one may follow. */
  private boolean sendNext() {
    Batch<Q, A> batch = take();
    if (batch == null) {
      return false;
    }
    send(batch);
    return batch.isMoreQueued;
  }

  private synchronized @Nullable Batch<Q, A> take() {
    long nowNanos = deadlines.nowNanos();
    if (!aloneQueue.isEmpty() && isAlonePlaceFree()) {
      QueuedRequest<Q, A> next = pollPending(aloneQueue, nowNanos);
      if (next != null) {
        aloneInFlight++;
        return new Batch<>(List.of(next), true, isAnyQueued());
      }
    }
    if (queue.isEmpty() || !isPlaceFree()) {
      return null;
    }
    List<QueuedRequest<Q, A>> batch =
        batchSize == 1 || queue.size() == 1 ? takeOne(nowNanos) : takeMany(nowNanos);
    if (batch.isEmpty()) {
      return null;
    }
    inFlight++;
    return new Batch<>(batch, false, isAnyQueued());
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

  private List<QueuedRequest<Q, A>> takeOne(long nowNanos) {
    QueuedRequest<Q, A> next = pollPending(queue, nowNanos);
    return next == null ? List.of() : List.of(next);
  }

  private List<QueuedRequest<Q, A>> takeMany(long nowNanos) {
    List<QueuedRequest<Q, A>> batch = new ArrayList<>(Math.min(queue.size(), batchSize));
    Deque<QueuedRequest<Q, A>> passedOver = new ArrayDeque<>();
    Set<Object> keys = new HashSet<>();
    int scanned = 0;
    while (batch.size() < batchSize && scanned++ < batchSize * SCANNED_PER_REQUEST) {
      QueuedRequest<Q, A> each = pollPending(queue, nowNanos);
      if (each == null) {
        break;
      }
      (keys.add(keyOf.apply(each.request)) ? batch : passedOver).add(each);
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
      queue.removeIf(each -> each.answer.isDone());
      aloneQueue.removeIf(each -> each.answer.isDone());
    }
    return queue.size() + aloneQueue.size() >= limits.capacity();
  }

  /**
   * Removes the first request that may still be sent. Those that timed out before it are dropped,
   * even if the next sweep has yet to fail them.
   */
  private static <Q, A> @Nullable QueuedRequest<Q, A> pollPending(
      Deque<QueuedRequest<Q, A>> from, long nowNanos) {
    QueuedRequest<Q, A> first = from.pollFirst();
    while (first != null && (first.answer.isDone() || first.deadline.isOverAt(nowNanos))) {
      first = from.pollFirst();
    }
    return first;
  }

  private void send(Batch<Q, A> batch) {
    AsyncCalls.start(() -> sender.send(batch.requests(), batch.deadline()))
        .whenComplete(
            (replies, error) -> {
              if (settle(batch, replies, error)) {
                admit();
              }
            });
  }

  /**
   * Answers the requests of a call, and then frees its place. In this order the requests that
   * follow from the answers travel together: the first of them would begin a call of its own.
   *
   * @return false if nothing was queued when the place became free. Later requests begin by
   *     themselves, so that the usual call enters the monitor once less
   */
  private boolean settle(
      Batch<Q, A> batch, @Nullable List<BatchReply<A>> answered, @Nullable Throwable error) {
    List<BatchReply<A>> replies = repliesTo(batch, answered, error);
    for (int i = 0; i < replies.size(); i++) {
      CompletableFuture<A> answer = batch.members.get(i).answer;
      if (replies.get(i) instanceof BatchReply.Answered<A> reply) {
        answer.complete(reply.answer());
      } else if (replies.get(i) instanceof BatchReply.Failed<A> reply) {
        answer.completeExceptionally(AsyncCalls.cause(reply.error()));
      }
    }
    Freed freed = free(batch, replies);
    if (freed == Freed.CLOSED) {
      // Requests that would travel alone; all others are complete already.
      batch.members.forEach(each -> each.answer.completeExceptionally(CallFailures.closed()));
    }
    return freed == Freed.WORK_IS_QUEUED;
  }

  private static <Q, A> List<BatchReply<A>> repliesTo(
      Batch<Q, A> batch, @Nullable List<BatchReply<A>> answered, @Nullable Throwable error) {
    int size = batch.members.size();
    if (error == null && answered != null && answered.size() == size) {
      return answered;
    }
    Throwable failure =
        error == null ? new IllegalStateException("not one reply for each of " + size) : error;
    return Collections.nCopies(size, new BatchReply.Failed<>(failure));
  }

  /** Frees the place of a call and queues the requests again that must travel alone. */
  private synchronized Freed free(Batch<Q, A> batch, List<BatchReply<A>> replies) {
    if (batch.isAlone) {
      aloneInFlight--;
    } else {
      inFlight--;
    }
    if (closed) {
      return Freed.CLOSED;
    }
    for (int i = replies.size() - 1; i >= 0; i--) {
      if (replies.get(i) instanceof BatchReply.SendAlone && !batch.members.get(i).answer.isDone()) {
        aloneQueue.addFirst(batch.members.get(i));
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

  private static final class QueuedRequest<Q, A> {
    private final Q request;
    private final CallDeadline deadline;
    private final CompletableFuture<A> answer = new CompletableFuture<>();

    QueuedRequest(Q request, CallDeadline deadline) {
      this.request = request;
      this.deadline = deadline;
    }
  }

  /** One call. */
  private static final class Batch<Q, A> {
    private final List<QueuedRequest<Q, A>> members;
    private final boolean isAlone;

    /** True if other requests were queued when the batch was taken. */
    private final boolean isMoreQueued;

    Batch(List<QueuedRequest<Q, A>> members, boolean isAlone, boolean isMoreQueued) {
      this.members = members;
      this.isAlone = isAlone;
      this.isMoreQueued = isMoreQueued;
    }

    List<Q> requests() {
      return members.size() == 1
          ? List.of(members.get(0).request)
          : members.stream().map(each -> each.request).toList();
    }

    CallDeadline deadline() {
      CallDeadline latest = members.get(0).deadline;
      for (QueuedRequest<Q, A> each : members) {
        latest = latest.orLater(each.deadline);
      }
      return latest;
    }
  }
}
