package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operations of one session without a result: those that wait to be sent, and those in flight.
 * Any thread may add. Only one thread at a time composes messages.
 */
final class OperationOutbox {
  private static final Logger LOG = LoggerFactory.getLogger(OperationOutbox.class);

  /** The protocol's limit. */
  static final int OPERATIONS_PER_MESSAGE = 256;

  /** This part of the server's limit is kept free of waiting claims. */
  private static final int RESERVED_PART = 8;

  /** The most bytes that tags and lengths can take. */
  private static final int FRAMING_BYTES = 16;

  private final Queue<PendingOperation> renewals = new ConcurrentLinkedQueue<>();
  private final Queue<PendingOperation> releases = new ConcurrentLinkedQueue<>();
  private final Queue<PendingOperation> acquires = new ConcurrentLinkedQueue<>();
  private final ConcurrentMap<Long, PendingOperation> unanswered = new ConcurrentHashMap<>();
  private final AtomicInteger unansweredCount = new AtomicInteger();
  private final AtomicInteger unansweredAcquires = new AtomicInteger();
  private volatile int maxBytes;
  private volatile int maxUnanswered;
  private volatile int maxUnansweredWithAcquires;
  private long lastId;
  private int composedBytes;

  void add(PendingOperation operation) {
    queue(operation.lane()).add(operation);
  }

  /**
   * Sets the limits of the server.
   *
   * @param maxUnanswered operations in flight
   * @param maxMessageBytes largest message
   */
  void setLimits(int maxUnanswered, int maxMessageBytes) {
    maxBytes = maxMessageBytes;
    this.maxUnanswered = maxUnanswered;
    maxUnansweredWithAcquires = Math.max(1, maxUnanswered - maxUnanswered / RESERVED_PART);
  }

  /** Whether a claim is in flight or waits at the server. */
  boolean hasClaims() {
    return unansweredAcquires.get() > 0;
  }

  boolean isEmpty() {
    return unansweredCount.get() == 0
        && renewals.isEmpty()
        && releases.isEmpty()
        && acquires.isEmpty();
  }

  /**
   * Moves operations that may be sent into the message, the most urgent first; returns false if
   * there are none.
   */
  boolean compose(SessionRequest.Builder message, long nowNanos) {
    composedBytes = FRAMING_BYTES + Long.BYTES;
    move(renewals, message, nowNanos, maxUnanswered);
    move(releases, message, nowNanos, maxUnanswered);
    move(acquires, message, nowNanos, maxUnansweredWithAcquires);
    return message.getOperationsCount() > 0;
  }

  /** Removes and returns the operation that is answered; null if this session does not know it. */
  @Nullable PendingOperation takeAnswered(long id) {
    PendingOperation operation = unanswered.remove(id);
    if (operation != null) {
      count(operation, -1);
    }
    return operation;
  }

  /** Fails all operations, because the session is over. */
  void failAll() {
    for (PendingOperation.Lane lane : PendingOperation.Lane.values()) {
      Queue<PendingOperation> queue = queue(lane);
      for (PendingOperation next = queue.poll(); next != null; next = queue.poll()) {
        notifyOver(next);
      }
    }
    for (Long id : unanswered.keySet()) {
      PendingOperation operation = takeAnswered(id);
      if (operation != null) {
        notifyOver(operation);
      }
    }
  }

  /** Catches failures, so that one operation does not keep the others from their notification. */
  private static void notifyOver(PendingOperation operation) {
    try {
      operation.onSessionOver();
    } catch (RuntimeException | Error e) {
      LOG.error("an operation could not leave its session", e);
    }
  }

  private void move(
      Queue<PendingOperation> from,
      SessionRequest.Builder message,
      long nowNanos,
      int unansweredLimit) {
    while (message.getOperationsCount() < OPERATIONS_PER_MESSAGE
        && unansweredCount.get() < unansweredLimit) {
      PendingOperation next = from.peek();
      if (next == null) {
        return;
      }
      Operation operation = next.toProto(lastId + 1, nowNanos);
      if (operation != null) {
        int bytes = operation.getSerializedSize() + FRAMING_BYTES;
        if (composedBytes + bytes > maxBytes && message.getOperationsCount() > 0) {
          return;
        }
        composedBytes += bytes;
        // Register it before sending: the answer may come at once.
        unanswered.put(++lastId, next);
        count(next, 1);
        message.addOperations(operation);
      }
      from.remove();
    }
  }

  private void count(PendingOperation operation, int change) {
    unansweredCount.addAndGet(change);
    if (operation.lane() == PendingOperation.Lane.ACQUIRE) {
      unansweredAcquires.addAndGet(change);
    }
  }

  private Queue<PendingOperation> queue(PendingOperation.Lane lane) {
    return switch (lane) {
      case RENEW -> renewals;
      case RELEASE -> releases;
      case ACQUIRE -> acquires;
    };
  }
}
