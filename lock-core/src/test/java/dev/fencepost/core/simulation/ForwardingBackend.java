package dev.fencepost.core.simulation;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Forwards all commands; a mutation overrides what it breaks. */
public abstract class ForwardingBackend implements LockBackend {
  final LockBackend sound;

  protected ForwardingBackend(LockBackend sound) {
    this.sound = sound;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    return sound.open(self, wake);
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return sound.announce(self);
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return sound.tryAcquire(claim, intent);
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return sound.handOver(from, to, intent);
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return sound.renew(grant);
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return sound.release(order);
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return sound.forceRelease(order);
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return sound.leave(lock);
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return sound.describe(locks);
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return sound.list(query);
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return sound.advance(resource, token);
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return sound.resetMark(resource);
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return sound.info();
  }

  @Override
  public void close() {
    sound.close();
  }
}
