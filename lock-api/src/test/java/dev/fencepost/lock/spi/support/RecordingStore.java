package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.StoreOpener.OpenedStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/** An open store that records its calls and leaves them without an answer. */
final class RecordingStore implements LockStore {
  static final Replica SELF = new Replica(ReplicaId.of(1), "", Replica.Phase.SERVING);

  private final List<String> calls = new ArrayList<>();
  private final CompletableFuture<Boolean> closed = new CompletableFuture<>();
  private final AtomicInteger closings = new AtomicInteger();

  OpenedStore<RecordingStore> opened() {
    return new OpenedStore<>(
        this,
        new StoreInfo(
            "test",
            "id",
            new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1)),
            List.of()));
  }

  List<String> calls() {
    return calls;
  }

  CompletableFuture<Boolean> closed() {
    return closed;
  }

  int closings() {
    return closings.get();
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return record("announce");
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return record("tryAcquire");
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return record("handOver");
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return record("renew");
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return record("release");
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return record("forceRelease");
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return record("leave");
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return record("describe");
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return record("list");
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return record("advance");
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return record("resetMark");
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return record("info");
  }

  @Override
  public void close() {
    closings.incrementAndGet();
    closed.complete(true);
  }

  private <T> CompletionStage<T> record(String call) {
    calls.add(call);
    return new CompletableFuture<>();
  }
}
