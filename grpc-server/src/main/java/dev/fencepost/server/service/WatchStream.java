package dev.fencepost.server.service;

import dev.fencepost.core.LockChange;
import dev.fencepost.core.LockSubscription;
import dev.fencepost.core.TimerService;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One client's watch. States wait, merged, in the {@link LockSubscription} until the client reads:
 * at most one message is with the transport, charged to the client, and one state of each lock
 * here.
 *
 * <p>News, readiness, signs of life and the end come on any thread.
 */
final class WatchStream {
  /** Half the longest silence that clients were promised. */
  private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(5);

  /** With less than this on its way the next message may follow. */
  private static final int READY_BELOW_BYTES = 16 * 1024;

  private final ServerCallStreamObserver<WatchLocksResponse> observer;
  private final ServiceSettings settings;
  private final Answers answers;
  private final Consumer<WatchStream> onEnd;
  private final Serially work = new Serially(this::run);
  private final AtomicReference<@Nullable End> end = new AtomicReference<>();
  private volatile @Nullable LockSubscription watch;
  private volatile boolean ticked;
  private boolean lifeDue;
  private TimerService.@Nullable Timer clock;
  private boolean spokeLately;
  private final ByteCharge charge = ByteCharge.current();
  private final StreamReset reset = StreamReset.current();
  private long bytesInTransport;
  private boolean ended;

  WatchStream(
      ServerCallStreamObserver<WatchLocksResponse> observer,
      ServiceSettings settings,
      Answers answers,
      Consumer<WatchStream> onEnd) {
    this.observer = observer;
    this.settings = settings;
    this.answers = answers;
    this.onEnd = onEnd;
  }

  /** Begins; called once, before the handler of the call returns. */
  void start(Function<Runnable, LockSubscription> subscription) {
    observer.setOnReadyThreshold(READY_BELOW_BYTES);
    observer.setOnReadyHandler(work::ask);
    observer.setOnCancelHandler(() -> end(new End(Optional.empty())));
    // Whatever comes meanwhile has to wait until there is a watch.
    work.hold();
    try {
      watch = subscription.apply(work::ask);
    } catch (RuntimeException e) {
      onEnd.accept(this);
      throw e;
    }
    work.resume();
  }

  /** Ends the stream with the status that the failure means. */
  void end(RuntimeException failure) {
    end(new End(Optional.of(failure)));
  }

  /**
   * How a stream ends.
   *
   * @param failure what the client is told; empty if it left
   */
  private record End(Optional<RuntimeException> failure) {}

  private void end(End how) {
    end.compareAndSet(null, how);
    work.ask();
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
    if (ticked || clock == null) {
      lifeDue = ticked && !spokeLately;
      ticked = false;
      spokeLately = false;
      clock = settings.timers().schedule(SIGN_OF_LIFE, this::tick);
    }
    if (observer.isReady()) {
      write();
    }
  }

  private void tick() {
    ticked = true;
    work.ask();
  }

  private void write() {
    charge.remove(bytesInTransport);
    bytesInTransport = 0;
    LockSubscription source = watch;
    if (source == null) {
      return;
    }
    List<LockChange> changes = source.take();
    if (!changes.isEmpty() || lifeDue) {
      WatchLocksResponse.Builder response =
          WatchLocksResponse.newBuilder().setSynced(source.isSynced());
      changes.forEach(change -> response.addChanges(ToWire.change(change, settings.self())));
      WatchLocksResponse message = response.build();
      charge.add(message.getSerializedSize());
      bytesInTransport = message.getSerializedSize();
      observer.onNext(message);
      lifeDue = false;
      spokeLately = true;
    }
  }

  private void finish() {
    if (ended) {
      return;
    }
    ended = true;
    LockSubscription source = watch;
    if (source != null) {
      source.close();
    }
    TimerService.Timer life = clock;
    if (life != null) {
      life.cancel();
    }
    onEnd.accept(this);
    End how = end.get();
    if (how != null) {
      how.failure().ifPresent(this::refuse);
    }
  }

  private void refuse(RuntimeException failure) {
    answers.refuse(observer, failure);
    reset.after(Session.TIME_TO_READ, settings.timers());
  }
}
