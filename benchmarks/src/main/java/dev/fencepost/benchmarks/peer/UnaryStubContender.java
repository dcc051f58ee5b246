package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Fencepost through the generated unary stub, as a service in any language calls it. It has one
 * connection to each replica and takes the next one for each call, so nothing is routed.
 */
public final class UnaryStubContender implements Contender {
  private static final Duration WAIT = Duration.ofMinutes(1);

  private final List<ManagedChannel> channels;
  private final List<LockServiceBlockingStub> stubs;
  private final Duration ttl;
  private final AtomicInteger next = new AtomicInteger();

  /** Creates channels, which connect with the first call. */
  public UnaryStubContender(ContenderSettings settings) {
    channels = settings.servers().stream().map(LoopbackChannels::open).toList();
    stubs = channels.stream().map(LockServiceGrpc::newBlockingStub).toList();
    ttl = settings.lease();
  }

  @Override
  public TakenLock acquire(String lock) {
    return call(lock, WAIT).orElseThrow(() -> new IllegalStateException("not granted: " + lock));
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    return call(lock, Duration.ZERO);
  }

  @Override
  public void close() {
    LoopbackChannels.close(channels);
  }

  private Optional<TakenLock> call(String lock, Duration wait) {
    LockServiceBlockingStub stub = stubs.get(Math.floorMod(next.getAndIncrement(), stubs.size()));
    AcquireRequest request = StubMessages.acquire(lock, ttl, wait);
    return StubMessages.readGrant(request, stub.acquire(request))
        .map(grant -> new TakenGrant(stub, grant));
  }

  private record TakenGrant(LockServiceBlockingStub stub, GrantRef grant) implements TakenLock {
    @Override
    public long token() {
      return grant.getFencingToken();
    }

    @Override
    public void release() {
      StubMessages.requireReleased(stub.release(StubMessages.release(grant)));
    }
  }
}
