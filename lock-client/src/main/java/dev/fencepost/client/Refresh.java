package dev.fencepost.client;

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
final class Refresh implements Due {
  private static final Logger LOG = LoggerFactory.getLogger(Refresh.class);

  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final ClientParts parts;
  private final DueSet<Refresh> set;
  private final Runnable resolve;
  private final AtomicBoolean isAsking = new AtomicBoolean();
  private volatile long nextNanos;

  Refresh(ClientParts parts, Agenda agenda, Runnable resolve) {
    this.parts = parts;
    this.resolve = resolve;
    this.set = agenda.newSet();
    this.nextNanos = parts.clock.nanos() + parts.pauseNanos(EVERY_NANOS);
    set.add(this);
  }

  /** Asks within half a second. */
  void soon() {
    long soon = parts.clock.nanos() + parts.pauseNanos(SOON_NANOS);
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
    nextNanos = nowNanos + parts.pauseNanos(EVERY_NANOS);
    long lockHash = parts.random.nextLong();
    if (parts.replicas.open(lockHash) == null) {
      resolve.run();
      return;
    }
    if (isAsking.compareAndSet(false, true)) {
      Waiting.whenDone(
          Question.begin(
              parts,
              lockHash,
              LockServiceGrpc.getGetServerInfoMethod(),
              GetServerInfoRequest.getDefaultInstance()),
          this::answered);
    }
  }

  private void answered(@Nullable GetServerInfoResponse info, @Nullable Throwable failure) {
    isAsking.set(false);
    if (info != null) {
      parts.replicas.learn(info.getReplicasList());
    } else {
      LOG.debug("no server told of its replicas", failure);
    }
  }
}
