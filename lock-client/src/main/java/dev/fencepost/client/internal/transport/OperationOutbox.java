package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The operations of one session that have no result yet: those that wait to be sent, and those that
 * were sent. Any thread adds; one thread at a time composes messages.
 */
final class OperationOutbox {
  /** The protocol's limit. */
  static final int OPERATIONS_PER_MESSAGE = 256;

  /** This part of what the server takes is kept free of waiting claims. */
  private static final int RESERVED_PART = 8;

  /** What tags and lengths may cost. */
  private static final int FRAMING_BYTES = 16;

  private final Queue<PendingOperation> renewals = new ConcurrentLinkedQueue<>();
  private final Queue<PendingOperation> releases = new ConcurrentLinkedQueue<>();
  private final Queue<PendingOperation> acquires = new ConcurrentLinkedQueue<>();
  private final ConcurrentMap<Long, PendingOperation> unanswered = new ConcurrentHashMap<>();
  private final AtomicInteger unansweredCount = new AtomicInteger();
  private final AtomicInteger unansweredAcquires = new AtomicInteger();
  private volatile int mostBytes;
  private volatile int most;
  private volatile int mostWithAcquires;
  private long lastId;
  private int composedBytes;

  void add(PendingOperation operation) {
    queue(operation.lane()).add(operation);
  }

  /**
   * What the server takes.
   *
   * @param maxUnanswered operations before it has answered
   * @param maxMessageBytes the largest message
   */
  void limit(int maxUnanswered, int maxMessageBytes) {
    mostBytes = maxMessageBytes;
    most = maxUnanswered;
    mostWithAcquires = Math.max(1, maxUnanswered - maxUnanswered / RESERVED_PART);
  }

  /** Whether a claim stands in line at the server or is on its way there. */
  boolean hasClaims() {
    return unansweredAcquires.get() > 0;
  }

  boolean isEmpty() {
    return unansweredCount.get() == 0
        && renewals.isEmpty()
        && releases.isEmpty()
        && acquires.isEmpty();
  }

  /** Moves what may be sent into the message, most urgent first; false if there is nothing. */
  boolean compose(SessionRequest.Builder message, long nowNanos) {
    composedBytes = FRAMING_BYTES + Long.BYTES;
    move(renewals, message, nowNanos, most);
    move(releases, message, nowNanos, most);
    move(acquires, message, nowNanos, mostWithAcquires);
    return message.getOperationsCount() > 0;
  }

  /** Takes out the operation that is answered; null if it is none of this session's. */
  @Nullable PendingOperation answered(long id) {
    PendingOperation operation = unanswered.remove(id);
    if (operation != null) {
      count(operation, -1);
    }
    return operation;
  }

  /** Tells all that the session is over. */
  void abandon() {
    for (PendingOperation.Lane lane : PendingOperation.Lane.values()) {
      Queue<PendingOperation> queue = queue(lane);
      for (PendingOperation next = queue.poll(); next != null; next = queue.poll()) {
        next.undelivered();
      }
    }
    for (Long id : unanswered.keySet()) {
      PendingOperation operation = answered(id);
      if (operation != null) {
        operation.undelivered();
      }
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
        if (composedBytes + bytes > mostBytes && message.getOperationsCount() > 0) {
          return;
        }
        composedBytes += bytes;
        // Known before it is sent: the answer may come at once.
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
