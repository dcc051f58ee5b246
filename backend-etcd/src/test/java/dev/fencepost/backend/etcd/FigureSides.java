package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;

/** The ways that are compared. */
final class FigureSides {
  private static final int LEASE_SECONDS = 3600;

  private FigureSides() {}

  /**
   * Single transactions: put if absent, delete if still ours, bound to one lease for all. A
   * hand-over is both, by a client that knows who is next.
   */
  static final class ByHand implements FigureSide {
    private final Wire wire;
    private final long lease;

    ByHand(String uri) {
      wire = new Wire(EtcdSettings.of(StoreSettings.of(uri)));
      lease =
          new Leases(wire, new java.util.Random()::nextLong, new Gate(1, 1))
              .grant(LEASE_SECONDS, Leases.Use.BINDING, deadline())
              .toCompletableFuture()
              .join()
              .id();
    }

    @Override
    public String name() {
      return "single transactions by hand";
    }

    @Override
    public CompletionStage<?> pair(String lock) {
      ByteString key = ByteString.copyFromUtf8("by-hand/" + lock);
      ByteString owner = ByteString.copyFromUtf8("a holder of this lock, at host:1");
      return ask(TxnRequest.newBuilder()
              .addCompare(Ops.writtenAt(key, 0))
              .addSuccess(Ops.put(key, owner, lease))
              .addFailure(Ops.get(key)))
          .thenCompose(
              taken ->
                  ask(
                      TxnRequest.newBuilder()
                          .addCompare(Ops.writtenAt(key, taken.getHeader().getRevision()))
                          .addSuccess(Ops.delete(key))
                          .addFailure(Ops.get(key))))
          .thenApply(FigureSides::succeeded);
    }

    @Override
    public double handOvers(int waiters, int seconds) {
      return EtcdFigures.rate(1, seconds, caller -> pair("handed-over"));
    }

    @Override
    public void close() {
      wire.close();
    }

    private CompletionStage<TxnResponse> ask(TxnRequest.Builder request) {
      return wire.call(KVGrpc.getTxnMethod(), request.build(), deadline())
          .thenApply(Reply::message)
          .thenApply(FigureSides::succeeded);
    }

    private static Deadline deadline() {
      return Deadline.in(Duration.ofSeconds(10));
    }
  }

  /** jetcd's lock client, with one lease for all. */
  static final class Jetcd implements FigureSide {
    private final Client client;
    private final long lease;

    Jetcd(int port) throws Exception {
      client = Client.builder().endpoints("http://127.0.0.1:" + port).build();
      lease = client.getLeaseClient().grant(LEASE_SECONDS).get().getID();
    }

    @Override
    public String name() {
      return "jetcd's lock client";
    }

    @Override
    public CompletionStage<?> pair(String lock) {
      ByteSequence name = ByteSequence.from("jetcd/" + lock, StandardCharsets.UTF_8);
      return client
          .getLockClient()
          .lock(name, lease)
          .thenCompose(held -> client.getLockClient().unlock(held.getKey()));
    }

    /** Each waiter needs a lease of its own: the key of a waiter is named after its lease. */
    @Override
    public double handOvers(int waiters, int seconds) {
      long[] leases = new long[waiters];
      for (int i = 0; i < waiters; i++) {
        leases[i] = client.getLeaseClient().grant(LEASE_SECONDS).join().getID();
      }
      ByteSequence name = ByteSequence.from("jetcd/handed-over", StandardCharsets.UTF_8);
      return EtcdFigures.rate(
          waiters,
          seconds,
          caller ->
              client
                  .getLockClient()
                  .lock(name, leases[caller])
                  .thenCompose(held -> client.getLockClient().unlock(held.getKey())));
    }

    @Override
    public void close() {
      client.close();
    }
  }

  /** The backend alone; hand-overs are among the waiters of one replica. */
  static final class Backend implements FigureSide {
    private final String name;
    private final TestReplica replica;

    Backend(String name, String uri, Map<String, String> options) {
      this.name = name;
      this.replica = new TestReplica(uri, options);
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public CompletionStage<?> pair(String lock) {
      return replica
          .backend()
          .tryAcquire(claim(lock), QueueIntent.NONE)
          .thenCompose(
              attempt -> replica.backend().release(ReleaseCommand.of(granted(attempt).ref())));
    }

    @Override
    public double handOvers(int waiters, int seconds) {
      AtomicReference<Grant> held = new AtomicReference<>(replica.acquire("handed-over"));
      double rate =
          EtcdFigures.rate(
              1,
              seconds,
              caller ->
                  replica
                      .backend()
                      .handOver(held.get().ref(), claim("handed-over"), QueueIntent.STAY)
                      .thenAccept(both -> held.set(granted(both.got()))));
      replica.release(held.get());
      return rate;
    }

    @Override
    public void close() {
      replica.close();
    }
  }

  private static TxnResponse succeeded(TxnResponse response) {
    if (!response.getSucceeded()) {
      throw new IllegalStateException("somebody else interferes");
    }
    return response;
  }
}
