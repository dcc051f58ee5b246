package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Lock;
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
 * jetcd's lock client. A lease owns, so each thread has one of its own, granted once and kept
 * alive: the cheapest way to use it. Its answer has no token.
 */
public final class Jetcd implements Contender {
  private static final long TRY_MILLIS = 100;

  private final Client client;
  private final long leaseSeconds;
  private final ThreadLocal<Long> lease = ThreadLocal.withInitial(this::grant);

  /** Connects. */
  public Jetcd(Settings settings) {
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
  public Held acquire(String lock) throws Exception {
    return held(client.getLockClient().lock(bytes(lock), lease.get()).get().getKey());
  }

  /** It has no try: a call that is given up after a while stands for one. */
  @Override
  public Optional<Held> tryAcquire(String lock) throws Exception {
    CompletableFuture<ByteSequence> answer =
        client.getLockClient().lock(bytes(lock), lease.get()).thenApply(taken -> taken.getKey());
    try {
      return Optional.of(held(answer.get(TRY_MILLIS, TimeUnit.MILLISECONDS)));
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

  private Held held(ByteSequence key) {
    Lock locks = client.getLockClient();
    return () -> locks.unlock(key).get();
  }

  private long grant() {
    try {
      long id = client.getLeaseClient().grant(leaseSeconds).get().getID();
      client.getLeaseClient().keepAlive(id, new Ignore());
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

  /** A lease that cannot be kept alive shows as a lock that is lost. */
  private static final class Ignore implements StreamObserver<LeaseKeepAliveResponse> {
    @Override
    public void onNext(LeaseKeepAliveResponse alive) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }
}
