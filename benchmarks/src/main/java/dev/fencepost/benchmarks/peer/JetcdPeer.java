package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * jetcd's lock client. The owner is a lease, so each thread has one of its own, granted once and
 * kept alive. That is the cheapest way to use it. Its answers have no token.
 */
public final class JetcdPeer implements Contender {
  private static final long TRY_MILLIS = 100;

  private final Client client;
  private final long leaseSeconds;
  private final ThreadLocal<Long> lease = ThreadLocal.withInitial(this::grantLease);

  /** Connects. */
  public JetcdPeer(ContenderSettings settings) {
    client =
        Client.builder()
            .endpoints(
                Arrays.stream(settings.address().split(",", -1))
                    .map(address -> "http://" + address)
                    .toArray(String[]::new))
            .build();
    leaseSeconds = settings.lease().toSeconds();
  }

  @Override
  public TakenLock acquire(String lock) throws Exception {
    return taken(client.getLockClient().lock(bytes(lock), lease.get()).get().getKey());
  }

  /** Gives up a blocking call after 100 ms, because jetcd has no try. */
  @Override
  public Optional<TakenLock> tryAcquire(String lock) throws Exception {
    CompletableFuture<ByteSequence> answer =
        client.getLockClient().lock(bytes(lock), lease.get()).thenApply(taken -> taken.getKey());
    try {
      return Optional.of(taken(answer.get(TRY_MILLIS, TimeUnit.MILLISECONDS)));
    } catch (TimeoutException e) {
      client.getLeaseClient().revoke(lease.get()).get();
      lease.remove();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    client.close();
  }

  private TakenLock taken(ByteSequence key) {
    return () -> client.getLockClient().unlock(key).get();
  }

  private long grantLease() {
    try {
      long id = client.getLeaseClient().grant(leaseSeconds).get().getID();
      client.getLeaseClient().keepAlive(id, new IgnoredKeepAlives());
      return id;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteSequence bytes(String lock) {
    return ByteSequence.from(lock, StandardCharsets.UTF_8);
  }

  /** Ignores failures: a lease that is not kept alive shows as a lost lock. */
  private static final class IgnoredKeepAlives implements StreamObserver<LeaseKeepAliveResponse> {
    @Override
    public void onNext(LeaseKeepAliveResponse alive) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }
}
