package dev.fencepost.server.service;

import com.google.protobuf.MessageLite;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.Welcome;
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
 * What is still to be said to one session, and the one place that writes it: in messages of as many
 * results as have come, only while the transport takes them. Thread-safe.
 *
 * <p>Bounded, in number by the operations that a session may have unanswered, since one counts as
 * unanswered until it is written, and in bytes by what its client may have. A result stands in the
 * memory that its operation was charged for, so a client that reads late is not ended for it. While
 * more than {@link #MOST_UNREAD_BYTES} wait, no more messages of the client are read; a client that
 * reads nothing is silent from then on. What the transport has not sent counts too. Notices are
 * best effort: those that do not fit are dropped. After the end nothing is kept.
 */
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
  private static final int RESULTS_PER_MESSAGE = 256;
  private static final int NOTICES_PER_MESSAGE = 64;
  private static final int MOST_NOTICES = 10_000;

  /** With more results and notices than this unread, no more messages are read. */
  static final long MOST_UNREAD_BYTES = 1024 * 1024;

  /** A message has no more results once it is as large as this. */
  private static final int FULL_MESSAGE_BYTES = 32 * 1024;

  /** With less than this on its way the next message may follow. */
  private static final int READY_BELOW_BYTES = 32 * 1024;

  private final ServerCallStreamObserver<SessionResponse> observer;
  private final Answers answers;
  private final Serially writer;
  private final ByteCharge charge = ByteCharge.current();
  private final AtomicLong unreadBytes = new AtomicLong();
  private final Consumer<RuntimeException> onOverflow;
  private final Queue<Unread> results = new ConcurrentLinkedQueue<>();
  private final Queue<Notice> notices = new ConcurrentLinkedQueue<>();
  private final AtomicInteger noticeCount = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private final AtomicReference<@Nullable Welcome> welcome = new AtomicReference<>();
  private volatile boolean signOfLifeDue;
  private volatile boolean spoke;
  private volatile boolean nextWanted;
  private final List<Unread> inTransport = new ArrayList<>();
  private long noticeBytesInTransport;
  private volatile boolean ended;

  /** A result and where it is charged. */
  private record Unread(Result result, ByteCharge charge, long bytes) {}

  /** How the stream ends: with a failure, or in good order once everything is answered. */
  private record End(@Nullable Throwable failure) {}

  /**
   * An empty outbox of the session that this thread opens.
   *
   * @param transport the thread of the connection: what comes while it is busy is gathered
   * @param onOverflow ends the session
   */
  Outbox(
      ServerCallStreamObserver<SessionResponse> observer,
      Answers answers,
      Executor transport,
      Consumer<RuntimeException> onOverflow) {
    this.observer = observer;
    this.answers = answers;
    this.onOverflow = onOverflow;
    this.writer = new Serially(this::write, transport);
    observer.setOnReadyThreshold(READY_BELOW_BYTES);
    observer.setOnReadyHandler(writer::ask);
  }

  /** The first message; before anything else is said. */
  void welcome(Welcome first) {
    welcome.set(first);
    writer.ask();
  }

  /** An operation has begun; answers how many are unanswered now. */
  int begun() {
    return unanswered.incrementAndGet();
  }

  /** An operation will not be answered, since its client has left. */
  void dropped() {
    unanswered.decrementAndGet();
    // It may have been the last one that the end waits for.
    writer.ask();
  }

  /** Lets the next message of the client come, once there is room for its answers. */
  void wantNext() {
    nextWanted = true;
    writer.ask();
  }

  /** An operation is over that nobody was charged for. */
  void answer(Result result) {
    answer(result, charge, 0);
  }

  /**
   * An operation is over.
   *
   * @param paidBy what was charged for it; it is given back once the result is sent
   * @param paid how much
   */
  void answer(Result result, ByteCharge paidBy, long paid) {
    if (hasFailed()) {
      paidBy.remove(paid);
      return;
    }
    long bytes = cost(result);
    try {
      paidBy.change(bytes - paid);
    } catch (OverLimitException e) {
      paidBy.remove(paid);
      onOverflow.accept(e);
      return;
    }
    unreadBytes.addAndGet(bytes);
    results.add(new Unread(result, paidBy, bytes));
    writer.ask();
  }

  private boolean hasFailed() {
    End how = end.get();
    return ended || (how != null && how.failure != null);
  }

  private void forget(Unread result) {
    result.charge.remove(result.bytes);
    unreadBytes.addAndGet(-result.bytes);
  }

  private void forgetNotices(long bytes) {
    charge.remove(bytes);
    unreadBytes.addAndGet(-bytes);
  }

  private static long cost(MessageLite message) {
    return ByteCharge.ofMessage(message.getSerializedSize());
  }

  void tell(GrantLost lost) {
    tell(Notice.newBuilder().setLost(lost).build());
  }

  void tell(Drain drain) {
    tell(Notice.newBuilder().setDrain(drain).build());
  }

  private void tell(Notice notice) {
    if (hasFailed() || noticeCount.get() >= MOST_NOTICES) {
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
    writer.ask();
  }

  /** Says something, unless something was said since the last call. */
  void signOfLife() {
    signOfLifeDue = !spoke;
    spoke = false;
    writer.ask();
  }

  /** Does some work whose answers travel together. */
  void gather(Runnable work) {
    boolean held = writer.hold();
    try {
      work.run();
    } finally {
      if (held) {
        writer.resume();
      }
    }
  }

  /** Ends the stream once everything is answered. */
  void finish() {
    end.compareAndSet(null, new End(null));
    writer.ask();
  }

  /** Ends the stream now. */
  void fail(Throwable failure) {
    end.set(new End(failure));
    writer.ask();
  }

  /** The stream is over. */
  void discard() {
    ended = true;
    writer.ask();
  }

  private void write() {
    send();
    if (ended) {
      drop();
    } else if (nextWanted && unreadBytes.get() < MOST_UNREAD_BYTES) {
      nextWanted = false;
      observer.request(1);
    }
  }

  private void drop() {
    for (Unread each = results.poll(); each != null; each = results.poll()) {
      forget(each);
    }
    for (Notice each = notices.poll(); each != null; each = notices.poll()) {
      forgetNotices(cost(each));
    }
  }

  private void send() {
    try {
      noteProgress();
      Welcome first = welcome.getAndSet(null);
      if (first != null && !ended) {
        observer.onNext(SessionResponse.newBuilder().setWelcome(first).build());
      }
      while (!ended && observer.isReady() && hasNews()) {
        writeMessage();
        noteProgress();
      }
      End how = end.get();
      if (how != null && !ended) {
        close(how);
      }
    } catch (RuntimeException e) {
      // The transport has gone; the call's cancellation tells everybody else.
      ended = true;
    }
  }

  /** The transport asks for more only when it has sent most of what it had. */
  private void noteProgress() {
    if (observer.isReady()) {
      forgetSent();
    }
  }

  private void forgetSent() {
    inTransport.forEach(this::forget);
    inTransport.clear();
    forgetNotices(noticeBytesInTransport);
    noticeBytesInTransport = 0;
  }

  private boolean hasNews() {
    return !results.isEmpty() || !notices.isEmpty() || signOfLifeDue;
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
    signOfLifeDue = false;
    spoke = true;
    observer.onNext(message.build());
    unanswered.addAndGet(-message.getResultsCount());
  }

  private void close(End how) {
    if (how.failure != null) {
      ended = true;
      answers.refuse(observer, how.failure);
    } else if (unanswered.get() == 0) {
      ended = true;
      observer.onCompleted();
    }
  }
}
