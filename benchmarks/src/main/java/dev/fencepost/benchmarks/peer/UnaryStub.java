package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
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
 * Fencepost by the generated unary stub, as a service in any language calls it: one connection to
 * each replica, the next one for each call, so that nothing is routed.
 */
public final class UnaryStub implements Contender {
  private static final Duration WAIT = Duration.ofMinutes(1);

  private final List<ManagedChannel> channels;
  private final List<LockServiceBlockingStub> stubs;
  private final Duration ttl;
  private final AtomicInteger next = new AtomicInteger();

  /** Makes channels; connects with the first call. */
  public UnaryStub(Settings settings) {
    channels = settings.servers().stream().map(Channels::open).toList();
    stubs = channels.stream().map(LockServiceGrpc::newBlockingStub).toList();
    ttl = settings.lease();
  }

  @Override
  public Held acquire(String lock) {
    return call(lock, WAIT).orElseThrow(() -> new IllegalStateException("not granted: " + lock));
  }

  @Override
  public Optional<Held> tryAcquire(String lock) {
    return call(lock, Duration.ZERO);
  }

  @Override
  public void close() {
    Channels.close(channels);
  }

  private Optional<Held> call(String lock, Duration wait) {
    LockServiceBlockingStub stub = stub();
    AcquireRequest request = Wire.acquire(lock, ttl, wait);
    return Wire.granted(request, stub.acquire(request)).map(grant -> new Taken(stub, grant));
  }

  private LockServiceBlockingStub stub() {
    return stubs.get(Math.floorMod(next.getAndIncrement(), stubs.size()));
  }

  private record Taken(LockServiceBlockingStub stub, GrantRef grant) implements Held {
    @Override
    public long token() {
      return grant.getFencingToken();
    }

    @Override
    public void release() {
      Wire.requireReleased(stub.release(Wire.release(grant)));
    }
  }
}
