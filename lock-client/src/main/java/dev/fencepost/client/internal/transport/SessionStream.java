package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Goodbye;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream to one replica, from its greeting to its end. It is never resumed: when it is over,
 * every operation without a result is told so, and its owner sends it elsewhere.
 *
 * <p>A thread that adds an operation writes it, with whatever others have added meanwhile, unless
 * another thread is just writing and takes it along. Results are handed over on the transport's
 * thread, see {@link SessionCallListener}. A mark is the moment of its message on the client's
 * clock, so that nothing has to be remembered of it.
 */
public final class SessionStream implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(SessionStream.class);

  /** From the first try to connect to the server's welcome. */
  public static final long GREETING_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long LONGEST_MARK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int MESSAGES_IN_ADVANCE = 64;
  private static final int MOST_TURNS = 32;

  /** What becomes of a session. */
  public enum Phase {
    /** Connecting, or waiting to be welcomed. Operations queue. */
    GREETING,
    /** Operations go and come. */
    OPEN,
    /** It takes no more operations and says goodbye after the last result. */
    LEAVING,
    /** Nothing more will come. */
    OVER
  }

  private final Hello hello;
  private final ClientClock clock;
  private final Executor offload;
  private final TimingWheel<SessionStream> sessions;
  private final SessionEvents events;
  private final Channel channel;
  private final ClientCall<SessionRequest, SessionResponse> call;
  private final OperationOutbox outbox = new OperationOutbox();
  private volatile Phase phase = Phase.GREETING;
  private final AtomicInteger pumping = new AtomicInteger();
  private final long startedNanos;
  private final SessionLiveness liveness;
  private volatile long sentNanos;
  private volatile long markEveryNanos = LONGEST_MARK_NANOS;
  private volatile boolean signWanted;
  private volatile long lastMark;
  private boolean saidHello;

  /** After it nothing is sent any more. */
  private volatile long goodbyeNanos = ClientClock.NEVER;

  private SessionStream(Channel channel, SessionContext sessionContext, SessionEvents events) {
    this.hello = sessionContext.hello();
    this.clock = sessionContext.clock();
    this.offload = sessionContext.offload();
    this.sessions = sessionContext.sessions();
    this.events = events;
    this.channel = channel;
    this.call = channel.newCall(SessionServiceGrpc.getSessionMethod(), CallOptions.DEFAULT);
    this.startedNanos = clock.nanos();
    this.liveness = new SessionLiveness(startedNanos);
    this.sentNanos = startedNanos;
  }

  /** Opens the stream and greets; returns at once. */
  static SessionStream open(Channel channel, SessionContext sessionContext, SessionEvents events) {
    SessionStream session = new SessionStream(channel, sessionContext, events);
    sessionContext.sessions().add(session);
    session.call.start(new SessionCallListener(session, session.offload), new Metadata());
    session.call.request(MESSAGES_IN_ADVANCE);
    session.pump();
    return session;
  }

  public Phase phase() {
    return phase;
  }

  /** Its connection, for calls beside the stream. */
  public Channel channel() {
    return channel;
  }

  /** Whether new operations may be added. */
  public boolean isOpenForMore() {
    Phase now = phase;
    return now == Phase.GREETING || now == Phase.OPEN;
  }

  /** Whether an answer is overdue and nothing at all was heard since that was noticed. */
  public boolean isSuspect() {
    return liveness.isSuspect();
  }

  /** Whether nothing was heard for longer than this. */
  boolean isQuietFor(long nanos) {
    return liveness.isQuietFor(nanos, clock.nanos());
  }

  /** An answer is overdue: the server is asked whether it hears at all. */
  void suspect() {
    if (liveness.suspect(clock.nanos()) && phase != Phase.GREETING) {
      send(new LivenessProbe(() -> SessionCallListener.offload(offload, () -> events.alive(this))));
      sessions.touch(this);
    }
  }

  /** Sends the operation as soon as it may be sent. */
  public void send(PendingOperation operation) {
    outbox.add(operation);
    pump();
  }

  /** Marks are sent at least so often while claims wait: a tenth of the shortest lease. */
  public void markFor(long ttlNanos) {
    long every = ttlNanos / 10;
    if (every < markEveryNanos) {
      markEveryNanos = every;
    }
  }

  /** Takes no more operations, and says goodbye when all have been answered. */
  void leave() {
    if (move(Phase.OPEN, Phase.LEAVING)) {
      pump();
    } else if (phase == Phase.GREETING) {
      end(Status.CANCELLED.withDescription("not needed any more"));
    }
  }

  @Override
  public long dueNanos() {
    return switch (phase) {
      case OVER -> ClientClock.NEVER;
      case GREETING -> startedNanos + GREETING_NANOS;
      case OPEN, LEAVING ->
          goodbyeNanos == ClientClock.NEVER
              ? Math.min(nextSignNanos(), liveness.dueNanos())
              : goodbyeNanos + SessionLiveness.ANSWER_NANOS;
    };
  }

  @Override
  public void run(long nowNanos) {
    SessionLiveness.Verdict verdict = liveness.judge(nowNanos);
    if (phase == Phase.GREETING) {
      if (nowNanos - startedNanos >= GREETING_NANOS) {
        end(
            Status.UNAVAILABLE.withDescription(
                "no welcome within " + TimeUnit.NANOSECONDS.toSeconds(GREETING_NANOS) + " s"));
      }
    } else if (goodbyeNanos != ClientClock.NEVER) {
      if (nowNanos - goodbyeNanos >= SessionLiveness.ANSWER_NANOS) {
        end(Status.UNAVAILABLE.withDescription("the server has not answered the goodbye"));
      }
    } else if (verdict == SessionLiveness.Verdict.GONE) {
      end(Status.UNAVAILABLE.withDescription("the server has not given a sign of life"));
    } else if (verdict == SessionLiveness.Verdict.ASK) {
      suspect();
    } else if (nowNanos >= nextSignNanos()) {
      signWanted = true;
      pump();
    }
  }

  /**
   * Holds back what is added until {@link #uncork}, so that it travels together.
   *
   * @return whether it is to be uncorked; false if another thread is writing anyway
   */
  boolean cork() {
    return pumping.getAndIncrement() == 0;
  }

  /** Writes what was added; whatever the writer throws, the session is not mute afterwards. */
  void uncork() {
    uncork(1);
  }

  private void uncork(int pumpings) {
    int seen = pumpings;
    if (SessionCallListener.isOfAnother(this)) {
      SessionCallListener.offload(offload, () -> uncork(pumpings));
      return;
    }
    for (int turn = 0; seen != 0; turn++) {
      if (turn == MOST_TURNS) {
        // Nobody who only wanted to send one thing writes for the others without end.
        int left = seen;
        SessionCallListener.offload(offload, () -> uncork(left));
        return;
      }
      try {
        write();
      } catch (RuntimeException | Error e) {
        LOG.error("a message could not be written", e);
        end(Status.INTERNAL.withCause(e));
      }
      seen = pumping.addAndGet(-seen);
    }
  }

  /** A message came. */
  void hear(SessionResponse message) {
    // What follows from one message, and what callers add who are woken by it, goes into one.
    boolean isCorked = cork();
    try {
      take(message);
    } finally {
      if (isCorked) {
        uncork();
      }
    }
  }

  /** The stream has ended. */
  void closed(Status status) {
    end(status.isOk() ? Status.UNAVAILABLE.withDescription("the server said goodbye") : status);
  }

  /** Whoever comes first writes for all who come meanwhile. */
  void pump() {
    if (cork()) {
      uncork();
    }
  }

  private void take(SessionResponse message) {
    liveness.hear(clock.nanos());
    if (message.hasWelcome()) {
      welcomed(message.getWelcome());
    }
    // Where to go is heard first: the claims that are sent away with it go there.
    message.getNoticesList().stream().filter(Notice::hasDrain).forEach(this::hear);
    for (Result result : message.getResultsList()) {
      deliver(result);
    }
    message.getNoticesList().stream().filter(notice -> !notice.hasDrain()).forEach(this::hear);
    call.request(1);
  }

  private void welcomed(Welcome welcome) {
    outbox.limit(welcome.getMaxUnanswered(), welcome.getServer().getLimits().getMaxMessageBytes());
    liveness.expectEvery(ProtoConverter.nanos(welcome.getHeartbeat()));
    if (move(Phase.GREETING, Phase.OPEN)) {
      sessions.touch(this);
      events.opened(this, welcome);
    }
  }

  private void deliver(Result result) {
    PendingOperation operation = outbox.answered(result.getId());
    if (operation == null) {
      LOG.warn("a result for an operation that is not open: {}", result.getId());
      return;
    }
    long mark = result.getCountsFromMark();
    try {
      operation.answered(result, mark > 0 && mark <= lastMark ? mark : 0);
    } catch (RuntimeException | Error e) {
      LOG.error("a result was not taken", e);
    }
  }

  private void hear(Notice notice) {
    switch (notice.getNoticeCase()) {
      case LOST -> events.lost(notice.getLost());
      case DRAIN -> events.draining(this, notice.getDrain());
      case NOTICE_NOT_SET -> LOG.debug("news that this client does not know");
    }
  }

  /** Ends the stream at once. */
  void end(Status why) {
    if (finish()) {
      // First the owner, so that what is sent again does not come here again.
      sessions.remove(this);
      events.over(this, why);
      pump();
    }
  }

  private synchronized boolean move(Phase from, Phase to) {
    boolean isFrom = phase == from;
    if (isFrom) {
      phase = to;
    }
    return isFrom;
  }

  /** Whether it was not over before. */
  private synchronized boolean finish() {
    boolean wasOver = phase == Phase.OVER;
    phase = Phase.OVER;
    return !wasOver;
  }

  private void write() {
    if (phase == Phase.OVER) {
      // Here and nowhere else, since a call must not be cancelled while it is written to.
      call.cancel("the session is over", null);
      events.together(outbox::abandon);
      return;
    }
    if (!saidHello) {
      saidHello = true;
      call.sendMessage(SessionRequest.newBuilder().setHello(hello).build());
    }
    if (phase == Phase.GREETING) {
      return;
    }
    if (goodbyeNanos != ClientClock.NEVER) {
      if (!outbox.isEmpty()) {
        // Added by a thread that chose this session before the goodbye; it goes elsewhere at once.
        events.together(outbox::abandon);
      }
      return;
    }
    while (call.isReady()) {
      SessionRequest.Builder message = SessionRequest.newBuilder();
      // Taken before anything is composed: a lease is counted from here.
      long now = clock.nanos();
      if (!outbox.compose(message, now) && !signWanted) {
        break;
      }
      signWanted = false;
      lastMark = Math.max(now, lastMark + 1);
      sentNanos = now;
      call.sendMessage(message.setMark(lastMark).build());
      if (outbox.hasClaims()) {
        sessions.touch(this);
      }
    }
    if (phase == Phase.LEAVING && outbox.isEmpty()) {
      goodbyeNanos = clock.nanos();
      call.sendMessage(SessionRequest.newBuilder().setGoodbye(Goodbye.newBuilder()).build());
      call.halfClose();
      sessions.touch(this);
    }
  }

  private long nextSignNanos() {
    long every = liveness.heartbeatNanos() / 2;
    if (outbox.hasClaims()) {
      every = Math.min(every, markEveryNanos);
    }
    return sentNanos + every;
  }
}
