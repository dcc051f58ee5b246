package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for the living replicas every 10–20 s, and soon after one came or went. If there is no
 * session, it resolves the target again.
 */
final class ReplicaDiscovery implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaDiscovery.class);

  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final ClientContext context;
  private final TimingWheel<ReplicaDiscovery> wheel;
  private final Runnable resolve;
  private final AtomicBoolean isRequestOpen = new AtomicBoolean();
  private volatile long nextNanos;

  ReplicaDiscovery(ClientContext context, RoundScheduler scheduler, Runnable resolve) {
    this.context = context;
    this.resolve = resolve;
    this.wheel = scheduler.newWheel();
    this.nextNanos = context.clock.nanos() + context.jitteredNanos(EVERY_NANOS);
    wheel.add(this);
  }

  /** Asks within half a second. */
  void refreshSoon() {
    long soon = context.clock.nanos() + context.jitteredNanos(SOON_NANOS);
    if (soon < nextNanos) {
      nextNanos = soon;
      wheel.reschedule(this);
    }
  }

  @Override
  public long dueNanos() {
    return nextNanos;
  }

  @Override
  public void run(long nowNanos) {
    nextNanos = nowNanos + context.jitteredNanos(EVERY_NANOS);
    long lockHash = context.random.nextLong();
    if (context.replicas.findOpen(lockHash) == null) {
      resolve.run();
      return;
    }
    if (isRequestOpen.compareAndSet(false, true)) {
      ClientFutures.whenDone(
          RetriedCall.startInternal(
              context,
              lockHash,
              LockServiceGrpc.getGetServerInfoMethod(),
              GetServerInfoRequest.getDefaultInstance()),
          this::onAnswer);
    }
  }

  private void onAnswer(@Nullable GetServerInfoResponse info, @Nullable Throwable failure) {
    isRequestOpen.set(false);
    if (info != null) {
      context.replicas.learnReplicas(info.getReplicasList());
    } else {
      LOG.debug("no server listed its replicas", failure);
    }
  }
}
