package dev.fencepost.server.service.watch;

import dev.fencepost.core.LockChange;
import dev.fencepost.core.LockSubscription;
import dev.fencepost.core.TimerService;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.DrainLoop;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StreamReset;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.wire.HolderRedaction;
import dev.fencepost.server.service.wire.ResponseMapper;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Streams the states of locks to one client. States wait, merged, in the {@link LockSubscription}
 * until the client reads. At most one message is in the transport, charged to the client, and one
 * state of each lock is here.
 *
 * <p>Changes, readiness, heartbeats and the end come on any thread.
 */
final class WatchStream {
  /** Half of the longest silence that clients are promised. */
  private static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(5);

  /** The next message may follow when less than this is in the transport. */
  private static final int READY_BELOW_BYTES = 16 * 1024;

  private final ServerCallStreamObserver<WatchLocksResponse> observer;
  private final ServiceContext context;
  private final CallResponder responder;
  private final Consumer<WatchStream> onEnd;
  private final DrainLoop work = new DrainLoop(this::run);
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private volatile @Nullable LockSubscription subscription;
  private volatile boolean heartbeatElapsed;
  private boolean heartbeatDue;
  private TimerService.@Nullable Timer heartbeat;
  private boolean sentSinceHeartbeat;
  private final ByteCharge charge = ByteCharge.current();
  private final StreamReset reset = StreamReset.current();
  private final CallAccess access = CallAccess.current();
  private long bytesInTransport;
  private boolean ended;

  WatchStream(
      ServerCallStreamObserver<WatchLocksResponse> observer,
      ServiceContext context,
      CallResponder responder,
      Consumer<WatchStream> onEnd) {
    this.observer = observer;
    this.context = context;
    this.responder = responder;
    this.onEnd = onEnd;
  }

  /** Starts the watch. Called once, before the handler of the call returns. */
  void start(Function<Runnable, LockSubscription> subscribe) {
    observer.setOnReadyThreshold(READY_BELOW_BYTES);
    observer.setOnReadyHandler(work::requestRun);
    observer.setOnCancelHandler(() -> end(new End(Optional.empty())));
    // Events that come meanwhile have to wait until the subscription exists.
    work.pause();
    try {
      subscription = subscribe.apply(work::requestRun);
    } catch (RuntimeException e) {
      onEnd.accept(this);
      throw e;
    }
    work.resume();
  }

  /** Ends the stream with the status of the failure. */
  void end(RuntimeException failure) {
    end(new End(Optional.of(failure)));
  }

  /**
   * Describes how a stream ends.
   *
   * @param failure failure that is reported to the client; empty if the client left
   */
  private record End(Optional<RuntimeException> failure) {}

  private void end(End how) {
    end.compareAndSet(null, how);
    work.requestRun();
  }

  private void run() {
    try {
      step();
    } catch (RuntimeException e) {
      end.compareAndSet(null, new End(Optional.of(e)));
      finish();
    }
  }

  private void step() {
    if (end.get() != null) {
      finish();
      return;
    }
    if (heartbeatElapsed || heartbeat == null) {
      heartbeatDue = heartbeatElapsed && !sentSinceHeartbeat;
      heartbeatElapsed = false;
      sentSinceHeartbeat = false;
      heartbeat = context.timers().schedule(HEARTBEAT_INTERVAL, this::onHeartbeatElapsed);
    }
    if (observer.isReady()) {
      write();
    }
  }

  private void onHeartbeatElapsed() {
    heartbeatElapsed = true;
    work.requestRun();
  }

  private void write() {
    charge.remove(bytesInTransport);
    bytesInTransport = 0;
    LockSubscription source = subscription;
    if (source == null) {
      return;
    }
    List<LockChange> changes = source.take();
    if (!changes.isEmpty() || heartbeatDue) {
      WatchLocksResponse.Builder response =
          WatchLocksResponse.newBuilder().setSynced(source.isSynced());
      changes.forEach(change -> response.addChanges(visible(change)));
      WatchLocksResponse message = response.build();
      charge.add(message.getSerializedSize());
      bytesInTransport = message.getSerializedSize();
      observer.onNext(message);
      heartbeatDue = false;
      sentSinceHeartbeat = true;
    }
  }

  private dev.fencepost.proto.v1.LockChange visible(LockChange change) {
    dev.fencepost.proto.v1.LockChange wire = ResponseMapper.change(change, context.self());
    return access.allows(AccessOperation.INSPECT, wire.getLock().getName())
        ? wire
        : wire.toBuilder().setLock(HolderRedaction.of(wire.getLock())).build();
  }

  private void finish() {
    if (ended) {
      return;
    }
    ended = true;
    LockSubscription source = subscription;
    if (source != null) {
      source.close();
    }
    TimerService.Timer running = heartbeat;
    if (running != null) {
      running.cancel();
    }
    onEnd.accept(this);
    End how = end.get();
    if (how != null) {
      how.failure().ifPresent(this::refuse);
    }
  }

  private void refuse(RuntimeException failure) {
    responder.refuse(observer, failure);
    reset.resetAfter(StreamReset.TIME_TO_READ, context.timers());
  }
}
