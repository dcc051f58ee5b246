package dev.fencepost.server.service.session;

import com.google.protobuf.MessageLite;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.Welcome;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.DrainLoop;
import dev.fencepost.server.service.limit.ByteCharge;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Queues the responses to one session, and is the only place that writes them. Each message carries
 * the results that are ready, and messages are written only while the transport accepts them.
 * Thread-safe.
 *
 * <p>The queue is bounded. Its number is limited by the unanswered operations of a session, because
 * an operation counts as unanswered until its result is written. Its bytes are limited by the quota
 * of the client. A result uses the memory that its operation was charged for, so a session is not
 * ended because its client reads late. While more than {@link #MAX_UNREAD_BYTES} are queued, no
 * more messages of the client are read, so a client that reads nothing counts as silent from then
 * on. Bytes that the transport has not sent count too. Notices are best effort: those that do not
 * fit are dropped. After the end of the stream nothing is kept.
 */
final class ResponseOutbox {
  private static final Logger LOG = LoggerFactory.getLogger(ResponseOutbox.class);
  private static final int RESULTS_PER_MESSAGE = 256;
  private static final int NOTICES_PER_MESSAGE = 64;
  private static final int MAX_NOTICES = 10_000;

  /** While more results and notices than this are unread, no messages of the client are read. */
  static final long MAX_UNREAD_BYTES = 1024 * 1024;

  /** Size from which a message takes no more results. */
  private static final int FULL_MESSAGE_BYTES = 32 * 1024;

  /** The next message may follow when less than this is in the transport. */
  private static final int READY_BELOW_BYTES = 32 * 1024;

  private final ServerCallStreamObserver<SessionResponse> observer;
  private final CallResponder responder;
  private final DrainLoop writer;
  private final ByteCharge charge = ByteCharge.current();
  private final AtomicLong unreadBytes = new AtomicLong();
  private final Consumer<RuntimeException> onOverflow;
  private final Queue<Unread> results = new ConcurrentLinkedQueue<>();
  private final Queue<Notice> notices = new ConcurrentLinkedQueue<>();
  private final AtomicInteger noticeCount = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private final AtomicReference<@Nullable Welcome> welcome = new AtomicReference<>();
  private volatile boolean heartbeatDue;
  private volatile boolean sentSinceHeartbeat;
  private volatile boolean nextRequested;
  private final List<Unread> inTransport = new ArrayList<>();
  private long noticeBytesInTransport;
  private volatile boolean ended;

  /** A result and the charge that it counts against. */
  private record Unread(Result result, ByteCharge charge, long bytes) {}

  /**
   * Describes how the stream ends: with a failure, or normally after all operations are answered.
   */
  private record End(@Nullable Throwable failure) {}

  /**
   * Creates an empty outbox for the session that this thread opens.
   *
   * @param transport thread of the connection. Results that come while it is busy are batched
   * @param onOverflow ends the session
   */
  ResponseOutbox(
      ServerCallStreamObserver<SessionResponse> observer,
      CallResponder responder,
      Executor transport,
      Consumer<RuntimeException> onOverflow) {
    this.observer = observer;
    this.responder = responder;
    this.onOverflow = onOverflow;
    this.writer = new DrainLoop(this::write, transport);
    observer.setOnReadyThreshold(READY_BELOW_BYTES);
    observer.setOnReadyHandler(writer::requestRun);
  }

  /** Sends the first message, before all others. */
  void sendWelcome(Welcome first) {
    welcome.set(first);
    writer.requestRun();
  }

  /** Counts an operation that starts, and returns how many are unanswered now. */
  int countOperation() {
    return unanswered.incrementAndGet();
  }

  /** Removes an operation from the count that is not answered because its client has left. */
  void dropOperation() {
    unanswered.decrementAndGet();
    // The end of the stream may wait for this operation only.
    writer.requestRun();
  }

  /** Requests the next message of the client, as soon as there is room for its results. */
  void requestNext() {
    nextRequested = true;
    writer.requestRun();
  }

  /** Adds the result of an operation that was not charged. */
  void addResult(Result result) {
    addResult(result, charge, 0);
  }

  /**
   * Adds the result of an operation.
   *
   * @param operationCharge the charge of the operation, which is given back once the result is sent
   * @param chargedBytes bytes that were charged for the operation
   */
  void addResult(Result result, ByteCharge operationCharge, long chargedBytes) {
    if (hasFailed()) {
      operationCharge.remove(chargedBytes);
      return;
    }
    long bytes = cost(result);
    try {
      operationCharge.change(bytes - chargedBytes);
    } catch (OverLimitException e) {
      operationCharge.remove(chargedBytes);
      onOverflow.accept(e);
      return;
    }
    unreadBytes.addAndGet(bytes);
    results.add(new Unread(result, operationCharge, bytes));
    writer.requestRun();
  }

  private boolean hasFailed() {
    End how = end.get();
    return ended || (how != null && how.failure != null);
  }

  private void uncharge(Unread result) {
    result.charge.remove(result.bytes);
    unreadBytes.addAndGet(-result.bytes);
  }

  private void unchargeNotices(long bytes) {
    charge.remove(bytes);
    unreadBytes.addAndGet(-bytes);
  }

  private static long cost(MessageLite message) {
    return ByteCharge.ofMessage(message.getSerializedSize());
  }

  void addNotice(GrantLost lost) {
    addNotice(Notice.newBuilder().setLost(lost).build());
  }

  void addNotice(Drain drain) {
    addNotice(Notice.newBuilder().setDrain(drain).build());
  }

  private void addNotice(Notice notice) {
    if (hasFailed() || noticeCount.get() >= MAX_NOTICES) {
      return;
    }
    long bytes = cost(notice);
    try {
      charge.add(bytes);
    } catch (OverLimitException e) {
      LOG.debug("a notice is dropped", e);
      return;
    }
    unreadBytes.addAndGet(bytes);
    noticeCount.incrementAndGet();
    notices.add(notice);
    writer.requestRun();
  }

  /** Sends an empty message unless a message was sent since the last heartbeat. */
  void sendHeartbeat() {
    heartbeatDue = !sentSinceHeartbeat;
    sentSinceHeartbeat = false;
    writer.requestRun();
  }

  /** Runs work and writes its results together. */
  void batch(Runnable work) {
    boolean mustResume = writer.pause();
    try {
      work.run();
    } finally {
      if (mustResume) {
        writer.resume();
      }
    }
  }

  /** Ends the stream once all operations are answered. */
  void finish() {
    end.compareAndSet(null, new End(null));
    writer.requestRun();
  }

  /** Ends the stream now with the status of the failure. */
  void fail(Throwable failure) {
    end.set(new End(failure));
    writer.requestRun();
  }

  /** Discards everything after the end of the stream. */
  void discard() {
    ended = true;
    writer.requestRun();
  }

  private void write() {
    send();
    if (ended) {
      dropAll();
    } else if (nextRequested && unreadBytes.get() < MAX_UNREAD_BYTES) {
      nextRequested = false;
      observer.request(1);
    }
  }

  private void dropAll() {
    for (Unread each = results.poll(); each != null; each = results.poll()) {
      uncharge(each);
    }
    for (Notice each = notices.poll(); each != null; each = notices.poll()) {
      unchargeNotices(cost(each));
    }
  }

  private void send() {
    try {
      unchargeSent();
      Welcome first = welcome.getAndSet(null);
      if (first != null && !ended) {
        observer.onNext(SessionResponse.newBuilder().setWelcome(first).build());
      }
      while (!ended && observer.isReady() && hasContent()) {
        writeMessage();
        unchargeSent();
      }
      End how = end.get();
      if (how != null && !ended) {
        close(how);
      }
    } catch (RuntimeException e) {
      // The transport has gone. The cancellation of the call notifies all others.
      ended = true;
    }
  }

  /**
   * Gives back the charge of sent messages. The transport is ready when it has sent most of them.
   */
  private void unchargeSent() {
    if (observer.isReady()) {
      inTransport.forEach(this::uncharge);
      inTransport.clear();
      unchargeNotices(noticeBytesInTransport);
      noticeBytesInTransport = 0;
    }
  }

  private boolean hasContent() {
    return !results.isEmpty() || !notices.isEmpty() || heartbeatDue;
  }

  private void writeMessage() {
    SessionResponse.Builder message = SessionResponse.newBuilder();
    long size = 0;
    for (int i = 0; i < RESULTS_PER_MESSAGE && size < FULL_MESSAGE_BYTES; i++) {
      Unread next = results.poll();
      if (next == null) {
        break;
      }
      size += next.bytes;
      inTransport.add(next);
      message.addResults(next.result);
    }
    for (int i = 0; i < NOTICES_PER_MESSAGE; i++) {
      Notice notice = notices.poll();
      if (notice == null) {
        break;
      }
      noticeCount.decrementAndGet();
      noticeBytesInTransport += cost(notice);
      message.addNotices(notice);
    }
    heartbeatDue = false;
    sentSinceHeartbeat = true;
    observer.onNext(message.build());
    unanswered.addAndGet(-message.getResultsCount());
  }

  private void close(End how) {
    if (how.failure != null) {
      ended = true;
      responder.refuse(observer, how.failure);
    } else if (unanswered.get() == 0) {
      ended = true;
      observer.onCompleted();
    }
  }
}
