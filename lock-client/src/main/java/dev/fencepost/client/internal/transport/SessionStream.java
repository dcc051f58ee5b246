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
 * One stream to one replica, from its greeting to its end. It is never resumed. When it is over,
 * every operation without a result is notified, and its owner sends it through another session.
 *
 * <p>A thread that adds an operation also writes it, together with operations of other threads,
 * unless another thread is just writing and takes it along. Results are delivered on the
 * transport's thread, see {@link SessionCallListener}. The send stamp of a message (its {@code
 * mark}) is its send time on the client's clock, so that no table of stamps is needed.
 */
public final class SessionStream implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(SessionStream.class);

  /** Longest time from the first try to connect to the server's welcome. */
  public static final long GREETING_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long LONGEST_STAMP_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int MESSAGES_IN_ADVANCE = 64;
  private static final int MAX_WRITE_TURNS = 32;

  /** The state of a session. */
  public enum Phase {
    /** Connecting, or waiting for the welcome. Operations queue. */
    GREETING,
    /** Operations and results flow. */
    OPEN,
    /** It accepts no more operations and says goodbye after the last result. */
    LEAVING,
    /** It has ended. */
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
  private final AtomicInteger flushRequests = new AtomicInteger();
  private final long startedNanos;
  private final SessionLiveness liveness;
  private volatile long sentNanos;
  private volatile long stampIntervalNanos = LONGEST_STAMP_INTERVAL_NANOS;
  private volatile boolean isHeartbeatWanted;
  private volatile long lastStamp;
  private boolean isHelloSent;

  /** When the goodbye was sent, after which nothing else is sent. */
  private volatile long goodbyeSentNanos = ClientClock.NEVER;

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

  /** Opens the stream and sends the greeting; returns at once. */
  static SessionStream open(Channel channel, SessionContext sessionContext, SessionEvents events) {
    SessionStream session = new SessionStream(channel, sessionContext, events);
    sessionContext.sessions().add(session);
    session.call.start(new SessionCallListener(session, session.offload), new Metadata());
    session.call.request(MESSAGES_IN_ADVANCE);
    session.flush();
    return session;
  }

  public Phase phase() {
    return phase;
  }

  /** The connection, for calls beside the stream. */
  public Channel channel() {
    return channel;
  }

  /** Whether new operations may be added. */
  public boolean acceptsOperations() {
    Phase now = phase;
    return now == Phase.GREETING || now == Phase.OPEN;
  }

  /** Whether an answer is overdue and no message came since this was noticed. */
  public boolean isSuspect() {
    return liveness.isSuspect();
  }

  /** Whether no message came for longer than this. */
  boolean isQuietFor(long nanos) {
    return liveness.isQuietFor(nanos, clock.nanos());
  }

  /** Asks the server for a sign of life, because an answer is overdue. */
  void probe() {
    if (liveness.markSuspect(clock.nanos()) && phase != Phase.GREETING) {
      send(
          new LivenessProbe(
              () -> SessionCallListener.offload(offload, () -> events.onAlive(this))));
      sessions.reschedule(this);
    }
  }

  /** Sends the operation as soon as possible. */
  public void send(PendingOperation operation) {
    outbox.add(operation);
    flush();
  }

  /**
   * Makes sure that stamps are sent often enough while claims wait: every tenth of the shortest
   * lease.
   */
  public void limitStampInterval(long ttlNanos) {
    long every = ttlNanos / 10;
    if (every < stampIntervalNanos) {
      stampIntervalNanos = every;
    }
  }

  /** Accepts no more operations, and says goodbye when all are answered. */
  void drain() {
    if (moveTo(Phase.OPEN, Phase.LEAVING)) {
      flush();
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
          goodbyeSentNanos == ClientClock.NEVER
              ? Math.min(nextHeartbeatNanos(), liveness.dueNanos())
              : goodbyeSentNanos + SessionLiveness.ANSWER_NANOS;
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
    } else if (goodbyeSentNanos != ClientClock.NEVER) {
      if (nowNanos - goodbyeSentNanos >= SessionLiveness.ANSWER_NANOS) {
        end(Status.UNAVAILABLE.withDescription("the server has not answered the goodbye"));
      }
    } else if (verdict == SessionLiveness.Verdict.DEAD) {
      end(Status.UNAVAILABLE.withDescription("the server has not given a sign of life"));
    } else if (verdict == SessionLiveness.Verdict.PROBE) {
      probe();
    } else if (nowNanos >= nextHeartbeatNanos()) {
      isHeartbeatWanted = true;
      flush();
    }
  }

  /**
   * Holds back added operations until {@link #uncork}, so that they are sent together.
   *
   * @return whether the caller must call uncork; false if another thread is writing anyway
   */
  boolean cork() {
    return flushRequests.getAndIncrement() == 0;
  }

  /**
   * Writes the added operations. If the write throws, the session ends instead of staying silent.
   */
  void uncork() {
    uncork(1);
  }

  private void uncork(int requests) {
    int served = requests;
    if (SessionCallListener.isCallbackOfAnother(this)) {
      SessionCallListener.offload(offload, () -> uncork(requests));
      return;
    }
    for (int turn = 0; served != 0; turn++) {
      if (turn == MAX_WRITE_TURNS) {
        // A caller that wanted to send one operation must not write for the others without end.
        int left = served;
        SessionCallListener.offload(offload, () -> uncork(left));
        return;
      }
      try {
        write();
      } catch (RuntimeException | Error e) {
        LOG.error("a message could not be written", e);
        end(Status.INTERNAL.withCause(e));
      }
      served = flushRequests.addAndGet(-served);
    }
  }

  /** Handles a message of the server. */
  void onMessage(SessionResponse message) {
    // Operations that follow from one message go into one write, including those of callers that it
    // wakes.
    boolean isCorked = cork();
    try {
      handle(message);
    } finally {
      if (isCorked) {
        uncork();
      }
    }
  }

  /** Handles the end of the stream. */
  void onClosed(Status status) {
    end(status.isOk() ? Status.UNAVAILABLE.withDescription("the server said goodbye") : status);
  }

  /**
   * Writes the queued operations, unless another thread is writing; then that thread writes them.
   */
  void flush() {
    if (cork()) {
      uncork();
    }
  }

  private void handle(SessionResponse message) {
    liveness.recordMessage(clock.nanos());
    if (message.hasWelcome()) {
      onWelcome(message.getWelcome());
    }
    // Drain notices come first, so that refused claims know where to go.
    message.getNoticesList().stream().filter(Notice::hasDrain).forEach(this::onNotice);
    for (Result result : message.getResultsList()) {
      deliver(result);
    }
    message.getNoticesList().stream().filter(notice -> !notice.hasDrain()).forEach(this::onNotice);
    call.request(1);
  }

  private void onWelcome(Welcome welcome) {
    outbox.setLimits(
        welcome.getMaxUnanswered(), welcome.getServer().getLimits().getMaxMessageBytes());
    liveness.setHeartbeat(ProtoConverter.nanos(welcome.getHeartbeat()));
    if (moveTo(Phase.GREETING, Phase.OPEN)) {
      sessions.reschedule(this);
      events.onOpened(this, welcome);
    }
  }

  private void deliver(Result result) {
    PendingOperation operation = outbox.takeAnswered(result.getId());
    if (operation == null) {
      LOG.warn("a result for an unknown operation: {}", result.getId());
      return;
    }
    long mark = result.getCountsFromMark();
    try {
      operation.onResult(result, mark > 0 && mark <= lastStamp ? mark : 0);
    } catch (RuntimeException | Error e) {
      LOG.error("a result could not be handled", e);
    }
  }

  private void onNotice(Notice notice) {
    switch (notice.getNoticeCase()) {
      case LOST -> events.onGrantLost(notice.getLost());
      case DRAIN -> events.onDraining(this, notice.getDrain());
      case NOTICE_NOT_SET -> LOG.debug("a notice of an unknown kind");
    }
  }

  /** Ends the stream at once. */
  void end(Status why) {
    if (finish()) {
      // Notify first, so that operations which are sent again do not come back to this session.
      sessions.remove(this);
      try {
        events.onOver(this, why);
      } catch (RuntimeException | Error e) {
        LOG.error("the end of a session could not be handled", e);
      }
      flush();
    }
  }

  private synchronized boolean moveTo(Phase from, Phase to) {
    boolean isFrom = phase == from;
    if (isFrom) {
      phase = to;
    }
    return isFrom;
  }

  /** Sets the state to OVER; returns whether it was not over before. */
  private synchronized boolean finish() {
    boolean wasOver = phase == Phase.OVER;
    phase = Phase.OVER;
    return !wasOver;
  }

  private void write() {
    if (phase == Phase.OVER) {
      // Cancel only here, since a call must not be cancelled during a write to it.
      call.cancel("the session is over", null);
      events.groupWrites(outbox::failAll);
      return;
    }
    if (!isHelloSent) {
      isHelloSent = true;
      call.sendMessage(SessionRequest.newBuilder().setHello(hello).build());
    }
    if (phase == Phase.GREETING) {
      return;
    }
    if (goodbyeSentNanos != ClientClock.NEVER) {
      if (!outbox.isEmpty()) {
        // Another thread chose this session before the goodbye; its operation goes through another
        // session at once.
        events.groupWrites(outbox::failAll);
      }
      return;
    }
    while (call.isReady()) {
      SessionRequest.Builder message = SessionRequest.newBuilder();
      // Take the time before composing: a lease is counted from here.
      long now = clock.nanos();
      if (!outbox.compose(message, now) && !isHeartbeatWanted) {
        break;
      }
      isHeartbeatWanted = false;
      lastStamp = Math.max(now, lastStamp + 1);
      sentNanos = now;
      call.sendMessage(message.setMark(lastStamp).build());
      if (outbox.hasClaims()) {
        sessions.reschedule(this);
      }
    }
    if (phase == Phase.LEAVING && outbox.isEmpty()) {
      goodbyeSentNanos = clock.nanos();
      call.sendMessage(SessionRequest.newBuilder().setGoodbye(Goodbye.newBuilder()).build());
      call.halfClose();
      sessions.reschedule(this);
    }
  }

  private long nextHeartbeatNanos() {
    long every = liveness.heartbeatNanos() / 2;
    if (outbox.hasClaims()) {
      every = Math.min(every, stampIntervalNanos);
    }
    return sentNanos + every;
  }
}
