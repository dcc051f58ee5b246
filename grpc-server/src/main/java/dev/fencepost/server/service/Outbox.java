package dev.fencepost.server.service;

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
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What is still to be said to one session, and the one place that writes it: in messages of as many
 * results as have come, only while the transport takes them. Thread-safe.
 *
 * <p>Bounded: results by the operations that a session may have unanswered, since one counts as
 * unanswered until it is written; notices by {@link #MOST_NOTICES}, above which they are dropped,
 * for they are best effort.
 */
final class Outbox {
  private static final int RESULTS_PER_MESSAGE = 256;
  private static final int NOTICES_PER_MESSAGE = 64;
  private static final int MOST_NOTICES = 10_000;

  /** With less than this on its way the next message may follow. */
  private static final int READY_BELOW_BYTES = 64 * 1024;

  private final ServerCallStreamObserver<SessionResponse> observer;
  private final Answers answers;
  private final Serially writer;
  private final Queue<Result> results = new ConcurrentLinkedQueue<>();
  private final Queue<Notice> notices = new ConcurrentLinkedQueue<>();
  private final AtomicInteger noticeCount = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private final AtomicReference<@Nullable Welcome> welcome = new AtomicReference<>();
  private volatile boolean signOfLifeDue;
  private volatile boolean spoke;
  private boolean ended;

  /** How the stream ends: with a failure, or in good order once everything is answered. */
  private record End(@Nullable Throwable failure) {}

  /** {@code transport} is the thread of the connection: what comes while it is busy is gathered. */
  Outbox(ServerCallStreamObserver<SessionResponse> observer, Answers answers, Executor transport) {
    this.observer = observer;
    this.answers = answers;
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
  }

  /** An operation is over. */
  void answer(Result result) {
    results.add(result);
    writer.ask();
  }

  void tell(GrantLost lost) {
    tell(Notice.newBuilder().setLost(lost).build());
  }

  void tell(Drain drain) {
    tell(Notice.newBuilder().setDrain(drain).build());
  }

  private void tell(Notice notice) {
    if (noticeCount.incrementAndGet() > MOST_NOTICES) {
      noticeCount.decrementAndGet();
      return;
    }
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

  private void write() {
    try {
      Welcome first = welcome.getAndSet(null);
      if (first != null && !ended) {
        observer.onNext(SessionResponse.newBuilder().setWelcome(first).build());
      }
      while (!ended && observer.isReady() && hasNews()) {
        writeMessage();
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

  private boolean hasNews() {
    return !results.isEmpty() || !notices.isEmpty() || signOfLifeDue;
  }

  private void writeMessage() {
    SessionResponse.Builder message = SessionResponse.newBuilder();
    for (int i = 0; i < RESULTS_PER_MESSAGE; i++) {
      Result result = results.poll();
      if (result == null) {
        break;
      }
      message.addResults(result);
    }
    for (int i = 0; i < NOTICES_PER_MESSAGE; i++) {
      Notice notice = notices.poll();
      if (notice == null) {
        break;
      }
      noticeCount.decrementAndGet();
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
