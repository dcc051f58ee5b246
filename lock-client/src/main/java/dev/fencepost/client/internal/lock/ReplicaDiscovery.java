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
 * Asks from time to time which replicas live, and soon after one came or went. Without any session
 * it looks up the target's addresses anew.
 */
final class ReplicaDiscovery implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaDiscovery.class);

  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final ClientContext context;
  private final TimingWheel<ReplicaDiscovery> set;
  private final Runnable resolve;
  private final AtomicBoolean isAsking = new AtomicBoolean();
  private volatile long nextNanos;

  ReplicaDiscovery(ClientContext context, RoundScheduler scheduler, Runnable resolve) {
    this.context = context;
    this.resolve = resolve;
    this.set = scheduler.newSet();
    this.nextNanos = context.clock.nanos() + context.pauseNanos(EVERY_NANOS);
    set.add(this);
  }

  /** Asks within half a second. */
  void soon() {
    long soon = context.clock.nanos() + context.pauseNanos(SOON_NANOS);
    if (soon < nextNanos) {
      nextNanos = soon;
      set.touch(this);
    }
  }

  @Override
  public long dueNanos() {
    return nextNanos;
  }

  @Override
  public void run(long nowNanos) {
    nextNanos = nowNanos + context.pauseNanos(EVERY_NANOS);
    long lockHash = context.random.nextLong();
    if (context.replicas.open(lockHash) == null) {
      resolve.run();
      return;
    }
    if (isAsking.compareAndSet(false, true)) {
      ClientFutures.whenDone(
          RetriedCall.begin(
              context,
              lockHash,
              LockServiceGrpc.getGetServerInfoMethod(),
              GetServerInfoRequest.getDefaultInstance()),
          this::answered);
    }
  }

  private void answered(@Nullable GetServerInfoResponse info, @Nullable Throwable failure) {
    isAsking.set(false);
    if (info != null) {
      context.replicas.learn(info.getReplicasList());
    } else {
      LOG.debug("no server told of its replicas", failure);
    }
  }
}
