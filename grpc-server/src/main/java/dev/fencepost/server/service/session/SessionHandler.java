package dev.fencepost.server.service.session;

import dev.fencepost.core.DrainingException;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.core.TimerService;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.Welcome;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.service.access.AccessRefusedException;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.SilentClientException;
import dev.fencepost.server.service.call.StreamReset;
import dev.fencepost.server.service.grant.LossListener;
import dev.fencepost.server.service.wire.ResponseMapper;
import dev.fencepost.server.service.wire.WireDuration;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Handles the session of one client from its greeting to its end: the protocol around the
 * operations.
 *
 * <p>Messages come one after another on the transport's thread. Notices, timers and the end come on
 * any thread.
 */
public final class SessionHandler implements StreamObserver<SessionRequest>, LossListener {
  /** Longest silence on either side. */
  static final Duration HEARTBEAT = Duration.ofSeconds(5);

  /**
   * Time to answer the last operations after a goodbye: the longest call to the store, and more.
   */
  static final Duration TIME_TO_FINISH = Duration.ofSeconds(70);

  private static final int MAX_MISSED_HEARTBEATS = 3;
  private static final int OPERATIONS_PER_MESSAGE = 256;

  private final SharedSessionContext context;
  private final ResponseOutbox outbox;
  private final SessionOperations operations;
  private final Consumer<SessionHandler> onEnd;
  private final CallAccess access = CallAccess.current();
  private final StreamReset reset = StreamReset.current();
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile long lastSendStamp;
  private final AtomicInteger silentHeartbeats = new AtomicInteger();
  private volatile TimerService.@Nullable Timer heartbeat;
  private volatile boolean greeted;
  private long lastOperation;

  SessionHandler(
      SharedSessionContext context,
      ServerCallStreamObserver<SessionResponse> observer,
      Consumer<SessionHandler> onEnd) {
    this.context = context;
    this.outbox =
        new ResponseOutbox(
            observer, context.responder(), context.service().transport().get(), this::refuse);
    this.operations = new SessionOperations(context, outbox, this, () -> lastSendStamp);
    this.onEnd = onEnd;
    observer.setOnCancelHandler(this::onCancelled);
    observer.setOnCloseHandler(this::onStreamClosed);
    observer.disableAutoRequest();
    outbox.requestNext();
    scheduleHeartbeat();
  }

  /**
   * Ends the session once its client has no right, or its credential is over. Call it after it is
   * registered.
   */
  void followRights() {
    access.onChange(this::endIfForbidden);
    endIfForbidden();
  }

  private void endIfForbidden() {
    try {
      access.requireWithinGrace();
      access.requireAnything();
    } catch (CredentialException | AccessRefusedException e) {
      refuse(e);
    }
  }

  @Override
  public void onNext(SessionRequest message) {
    if (over.get()) {
      return;
    }
    silentHeartbeats.set(0);
    try {
      if (greeted) {
        outbox.batch(() -> handle(message));
      } else {
        handleHello(message);
      }
      outbox.requestNext();
    } catch (RuntimeException e) {
      refuse(e);
    }
  }

  /** The client cancelled the stream. Its waiting claims are withdrawn. */
  @Override
  public void onError(Throwable failure) {
    onCancelled();
  }

  private void onCancelled() {
    end();
    onStreamClosed();
  }

  private void onStreamClosed() {
    outbox.discard();
    operations.releaseCharges();
  }

  /** The client sends no more messages. */
  @Override
  public void onCompleted() {
    operations.withdrawWaiting();
    outbox.finish();
    end();
    reset.resetAfter(TIME_TO_FINISH, context.service().timers());
  }

  @Override
  public void onGrantLost(LockName lock, FencingToken token, GrantLoss loss) {
    outbox.addNotice(
        GrantLost.newBuilder()
            .setName(lock.value())
            .setFencingToken(token.value())
            .setLost(ResponseMapper.lost(loss))
            .build());
  }

  /** Asks the client to leave normally. */
  void drain(Drain drain) {
    if (greeted) {
      outbox.addNotice(drain);
    } else {
      refuse(new DrainingException(Duration.ZERO));
    }
  }

  private void handleHello(SessionRequest message) {
    if (!message.hasHello() || message.getOperationsCount() > 0 || message.hasGoodbye()) {
      throw InvalidValueException.of(
          "hello", message.hasHello() ? "with other things" : "missing", "a first message alone");
    }
    operations.recordHello(message.getHello());
    outbox.sendWelcome(
        Welcome.newBuilder()
            .setSessionId(context.service().self().value() + "-" + Long.toHexString(context.now()))
            .setServer(context.description().of(context.coordinator().known()))
            .setMaxUnanswered(context.service().policy().sessionOperations())
            .setHeartbeat(WireDuration.of(HEARTBEAT))
            .build());
    greeted = true;
  }

  private void handle(SessionRequest message) {
    requireWellFormed(message);
    if (message.getMark() != 0) {
      lastSendStamp = message.getMark();
    }
    int max = context.service().policy().sessionOperations();
    for (Operation operation : message.getOperationsList()) {
      requireRising("operations.id", operation.getId(), lastOperation);
      lastOperation = operation.getId();
      if (outbox.countOperation() > max) {
        throw new OverLimitException("unanswered operations of this session", max);
      }
      operations.start(operation);
    }
    if (message.hasGoodbye()) {
      onCompleted();
    }
  }

  private void requireWellFormed(SessionRequest message) {
    if (message.hasHello()) {
      throw InvalidValueException.of("hello", "a second one", "one, in the first message");
    }
    int count = message.getOperationsCount();
    if (count > OPERATIONS_PER_MESSAGE) {
      throw InvalidValueException.of(
          "operations", count + " operations", "at most " + OPERATIONS_PER_MESSAGE);
    }
    if (message.getMark() != 0) {
      requireRising("mark", message.getMark(), lastSendStamp);
    }
  }

  private static void requireRising(String field, long number, long last) {
    if (Long.compareUnsigned(number, last) <= 0) {
      throw InvalidValueException.of(
          field, Long.toUnsignedString(number), "above " + Long.toUnsignedString(last));
    }
  }

  private void onHeartbeat() {
    if (silentHeartbeats.incrementAndGet() > MAX_MISSED_HEARTBEATS) {
      refuse(new SilentClientException(HEARTBEAT.multipliedBy(MAX_MISSED_HEARTBEATS)));
    }
    if (greeted) {
      outbox.sendHeartbeat();
    }
    if (!over.get()) {
      scheduleHeartbeat();
    }
  }

  private void scheduleHeartbeat() {
    heartbeat = context.service().timers().schedule(HEARTBEAT, this::onHeartbeat);
  }

  /** Ends the session with the status of the failure. */
  void refuse(RuntimeException failure) {
    end();
    outbox.fail(failure);
    reset.resetAfter(StreamReset.TIME_TO_READ, context.service().timers());
  }

  private void end() {
    if (over.compareAndSet(false, true)) {
      TimerService.Timer running = heartbeat;
      if (running != null) {
        running.cancel();
      }
      operations.end();
      onEnd.accept(this);
    }
  }
}
