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
 * unanswered until it is written, and in bytes by {@link #MOST_BYTES} and by what its client may
 * have; a session that goes beyond is ended. What the transport has not sent counts too. Notices
 * are best effort: those that do not fit are dropped. After the end nothing is kept.
 */
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
  private static final int RESULTS_PER_MESSAGE = 256;
  private static final int NOTICES_PER_MESSAGE = 64;
  private static final int MOST_NOTICES = 10_000;

  /** Results and notices that the client has not read. */
  static final long MOST_BYTES = 4 * 1024 * 1024;

  /** A message has no more results once it is as large as this. */
  private static final int FULL_MESSAGE_BYTES = 32 * 1024;

  /** With less than this on its way the next message may follow. */
  private static final int READY_BELOW_BYTES = 32 * 1024;

  private final ServerCallStreamObserver<SessionResponse> observer;
  private final Answers answers;
  private final Serially writer;
  private final ByteCharge charge = ByteCharge.current();
  private final AtomicLong bytes = new AtomicLong();
  private final Consumer<RuntimeException> onOverflow;
  private final Queue<Result> results = new ConcurrentLinkedQueue<>();
  private final Queue<Notice> notices = new ConcurrentLinkedQueue<>();
  private final AtomicInteger noticeCount = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private final AtomicReference<@Nullable Welcome> welcome = new AtomicReference<>();
  private volatile boolean signOfLifeDue;
  private volatile boolean spoke;
  private long bytesInTransport;
  private volatile boolean ended;

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

  /** An operation is over. */
  void answer(Result result) {
    if (hasFailed()) {
      return;
    }
    try {
      keep(result);
    } catch (OverLimitException e) {
      onOverflow.accept(e);
      return;
    }
    results.add(result);
    writer.ask();
  }

  private boolean hasFailed() {
    End how = end.get();
    return ended || (how != null && how.failure != null);
  }

  private void keep(MessageLite message) {
    long more = cost(message);
    if (bytes.addAndGet(more) > MOST_BYTES) {
      bytes.addAndGet(-more);
      throw new OverLimitException("bytes of unread results of this session", MOST_BYTES);
    }
    try {
      charge.add(more);
    } catch (OverLimitException e) {
      bytes.addAndGet(-more);
      throw e;
    }
  }

  private void forget(long less) {
    bytes.addAndGet(-less);
    charge.remove(less);
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
    try {
      keep(notice);
    } catch (OverLimitException e) {
      LOG.debug("a notice is dropped", e);
      return;
    }
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
    }
  }

  private void drop() {
    for (Result each = results.poll(); each != null; each = results.poll()) {
      forget(cost(each));
    }
    for (Notice each = notices.poll(); each != null; each = notices.poll()) {
      forget(cost(each));
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
      forget(bytesInTransport);
      bytesInTransport = 0;
    }
  }

  private boolean hasNews() {
    return !results.isEmpty() || !notices.isEmpty() || signOfLifeDue;
  }

  private void writeMessage() {
    SessionResponse.Builder message = SessionResponse.newBuilder();
    long size = 0;
    for (int i = 0; i < RESULTS_PER_MESSAGE && size < FULL_MESSAGE_BYTES; i++) {
      Result result = results.poll();
      if (result == null) {
        break;
      }
      size += cost(result);
      message.addResults(result);
    }
    for (int i = 0; i < NOTICES_PER_MESSAGE; i++) {
      Notice notice = notices.poll();
      if (notice == null) {
        break;
      }
      noticeCount.decrementAndGet();
      size += cost(notice);
      message.addNotices(notice);
    }
    bytesInTransport += size;
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
