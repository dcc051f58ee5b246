package dev.fencepost.client.internal.lock;

import dev.fencepost.client.LockView;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.client.internal.transport.SessionStream;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Arrays;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The watch of one subscriber: a stream to some replica, reopened when it breaks or falls silent. A
 * new stream begins with the state of each lock; only newer states are passed on.
 */
final class WatchSubscription implements TimedItem {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** The server sends a heartbeat every 10 s. */
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final int MOST_NAMES = 100;
  private static final int MESSAGES_IN_ADVANCE = 16;

  private final ClientContext context;
  private final WatchLocksRequest request;
  private final LatestStatePublisher states;
  private @Nullable WatchStream stream;
  private volatile boolean isOver;
  private volatile long nextNanos;

  private WatchSubscription(
      ClientContext context,
      WatchLocksRequest request,
      Flow.Subscriber<? super LockView> subscriber) {
    this.context = context;
    this.request = request;
    this.states = new LatestStatePublisher(subscriber, context.callbacks, this::end);
    this.nextNanos = context.clock.nanos();
  }

  /** Returns a publisher that starts a watch of these locks for each subscriber. */
  static Flow.Publisher<LockView> publisher(ClientContext context, String... names) {
    if (names.length < 1 || names.length > MOST_NAMES) {
      throw InvalidValueException.of("names", names.length + " names", "1–" + MOST_NAMES);
    }
    WatchLocksRequest.Builder request = WatchLocksRequest.newBuilder();
    Arrays.stream(names).distinct().forEach(name -> request.addNames(new LockName(name).value()));
    return subscriber -> {
      context.requireOpen();
      WatchSubscription watch = new WatchSubscription(context, request.build(), subscriber);
      watch.states.start();
      context.watches.add(watch);
    };
  }

  /** Ends the watch because the client closes. */
  void abandon() {
    states.fail(new IllegalStateException("the client was closed"));
    end();
  }

  @Override
  public long dueNanos() {
    return nextNanos;
  }

  @Override
  public void run(long nowNanos) {
    WatchStream silent;
    synchronized (this) {
      silent = stream;
      stream = null;
    }
    if (silent != null) {
      silent.cancel();
    }
    open(nowNanos);
  }

  private void open(long nowNanos) {
    SessionStream session = context.replicas.findOpen(RendezvousHash.hash(request.getNames(0)));
    if (session == null) {
      nextNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    nextNanos = nowNanos + SILENCE_NANOS;
    WatchStream next =
        new WatchStream(
            session.channel().newCall(LockServiceGrpc.getWatchLocksMethod(), CallOptions.DEFAULT));
    synchronized (this) {
      if (isOver) {
        return;
      }
      stream = next;
    }
    next.begin();
  }

  private void end() {
    WatchStream last;
    synchronized (this) {
      isOver = true;
      last = stream;
      stream = null;
    }
    context.watches.remove(this);
    if (last != null) {
      last.cancel();
    }
  }

  private synchronized boolean isCurrent(WatchStream candidate) {
    return stream == candidate;
  }

  private void onClosed(WatchStream which, Status status) {
    synchronized (this) {
      if (stream != which) {
        return;
      }
      stream = null;
    }
    CallFailure callFailure = CallFailure.of(status);
    if (status.isOk() || callFailure.isTransient()) {
      nextNanos = context.clock.nanos() + context.jitteredNanos(PAUSE_NANOS);
      context.watches.reschedule(this);
    } else {
      states.fail(callFailure.toException());
      end();
    }
  }

  private final class WatchStream extends ClientCall.Listener<WatchLocksResponse> {
    private final ClientCall<WatchLocksRequest, WatchLocksResponse> call;

    WatchStream(ClientCall<WatchLocksRequest, WatchLocksResponse> call) {
      this.call = call;
    }

    void begin() {
      call.start(this, new Metadata());
      call.request(MESSAGES_IN_ADVANCE);
      call.sendMessage(request);
      call.halfClose();
    }

    void cancel() {
      call.cancel("not needed any more", null);
    }

    @Override
    public void onMessage(WatchLocksResponse message) {
      if (isCurrent(this)) {
        nextNanos = context.clock.nanos() + SILENCE_NANOS;
        message.getChangesList().forEach(change -> offer(change.getLock()));
        call.request(1);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      onClosed(this, status);
    }

    private void offer(Lock lock) {
      states.offer(ProtoConverter.lockView(lock));
    }
  }
}
