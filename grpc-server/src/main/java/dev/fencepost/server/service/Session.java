package dev.fencepost.server.service;

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
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client's session, from its greeting to its end: the protocol around the operations.
 *
 * <p>Messages come one after another on the transport's thread; news, the clock and the end come on
 * any.
 */
final class Session implements StreamObserver<SessionRequest>, HeldGrants.Teller {
  /** Longest silence on either side. */
  static final Duration HEARTBEAT = Duration.ofSeconds(5);

  /** For a client that is to read why its session ended. */
  static final Duration TIME_TO_READ = Duration.ofSeconds(5);

  /** For a client that said goodbye: the longest call to the store, and a moment. */
  static final Duration TIME_TO_FINISH = Duration.ofSeconds(70);

  private static final int MOST_MISSED_HEARTBEATS = 3;
  private static final int OPERATIONS_PER_MESSAGE = 256;

  private final SessionSurroundings around;
  private final Outbox outbox;
  private final SessionOperations operations;
  private final Consumer<Session> onEnd;
  private final StreamReset reset = StreamReset.current();
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile long lastMark;
  private final AtomicInteger silentHeartbeats = new AtomicInteger();
  private volatile TimerService.@Nullable Timer heartbeat;
  private volatile boolean greeted;
  private long lastOperation;

  Session(
      SessionSurroundings around,
      ServerCallStreamObserver<SessionResponse> observer,
      Consumer<Session> onEnd) {
    this.around = around;
    this.outbox =
        new Outbox(observer, around.answers(), around.settings().transport().get(), this::refuse);
    this.operations = new SessionOperations(around, outbox, this, () -> lastMark);
    this.onEnd = onEnd;
    observer.setOnCancelHandler(this::breakOff);
    observer.setOnCloseHandler(this::closed);
    observer.disableAutoRequest();
    outbox.wantNext();
    beatLater();
  }

  @Override
  public void onNext(SessionRequest message) {
    if (over.get()) {
      return;
    }
    silentHeartbeats.set(0);
    try {
      if (greeted) {
        outbox.gather(() -> take(message));
      } else {
        greet(message);
      }
      outbox.wantNext();
    } catch (RuntimeException e) {
      refuse(e);
    }
  }

  /** The client broke off; what it waited for is withdrawn. */
  @Override
  public void onError(Throwable failure) {
    breakOff();
  }

  private void breakOff() {
    end();
    closed();
  }

  /** The stream is over. */
  private void closed() {
    outbox.discard();
    operations.forget();
  }

  /** The client will say no more. */
  @Override
  public void onCompleted() {
    operations.leave();
    outbox.finish();
    end();
    reset.after(TIME_TO_FINISH, around.settings().timers());
  }

  @Override
  public void lost(LockName lock, FencingToken token, GrantLoss loss) {
    outbox.tell(
        GrantLost.newBuilder()
            .setName(lock.value())
            .setFencingToken(token.value())
            .setLost(ToWire.lost(loss))
            .build());
  }

  /** The client is to leave in good order. */
  void drain(Drain drain) {
    if (greeted) {
      outbox.tell(drain);
    } else {
      refuse(new DrainingException(Duration.ZERO));
    }
  }

  private void greet(SessionRequest message) {
    if (!message.hasHello() || message.getOperationsCount() > 0 || message.hasGoodbye()) {
      throw InvalidValueException.of(
          "hello", message.hasHello() ? "with other things" : "missing", "a first message alone");
    }
    operations.introduce(message.getHello());
    outbox.welcome(
        Welcome.newBuilder()
            .setSessionId(around.settings().self().value() + "-" + Long.toHexString(around.now()))
            .setServer(new ServerDescription(around.settings()).of(around.coordinator().known()))
            .setMaxUnanswered(around.settings().policy().sessionOperations())
            .setHeartbeat(WireDuration.of(HEARTBEAT))
            .build());
    greeted = true;
  }

  private void take(SessionRequest message) {
    requireWellFormed(message);
    if (message.getMark() != 0) {
      lastMark = message.getMark();
    }
    int most = around.settings().policy().sessionOperations();
    for (Operation operation : message.getOperationsList()) {
      requireRising("operations.id", operation.getId(), lastOperation);
      lastOperation = operation.getId();
      if (outbox.begun() > most) {
        throw new OverLimitException("unanswered operations of this session", most);
      }
      operations.begin(operation);
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
      requireRising("mark", message.getMark(), lastMark);
    }
  }

  private static void requireRising(String field, long number, long last) {
    if (Long.compareUnsigned(number, last) <= 0) {
      throw InvalidValueException.of(
          field, Long.toUnsignedString(number), "above " + Long.toUnsignedString(last));
    }
  }

  private void beat() {
    if (silentHeartbeats.incrementAndGet() > MOST_MISSED_HEARTBEATS) {
      refuse(new SilentClientException(HEARTBEAT.multipliedBy(MOST_MISSED_HEARTBEATS)));
    }
    if (greeted) {
      outbox.signOfLife();
    }
    if (!over.get()) {
      beatLater();
    }
  }

  private void beatLater() {
    heartbeat = around.settings().timers().schedule(HEARTBEAT, this::beat);
  }

  /** Ends the session with the status that the failure means. */
  void refuse(RuntimeException failure) {
    end();
    outbox.fail(failure);
    reset.after(TIME_TO_READ, around.settings().timers());
  }

  private void end() {
    if (over.compareAndSet(false, true)) {
      TimerService.Timer clock = heartbeat;
      if (clock != null) {
        clock.cancel();
      }
      operations.end();
      onEnd.accept(this);
    }
  }
}
