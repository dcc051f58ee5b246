package dev.fencepost.client;

import dev.fencepost.client.internal.lock.FencepostClientImpl;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Limits;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Replica;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server in this process that grants, renews and releases every lock at once, without a store, on
 * its own threads. It counts requests. Thread-safe.
 */
final class AnsweringReplica implements AutoCloseable {
  private final Server server;
  private final String name = InProcessServerBuilder.generateName();
  private final Duration ttl;
  private final AtomicLong token = new AtomicLong();
  volatile boolean answersGoodbyes = true;

  /** From now on every renewal finds that another holds the lock. */
  volatile boolean losesAll;

  final AtomicLong renewals = new AtomicLong();

  AnsweringReplica(Duration ttl) {
    this.ttl = ttl;
    try {
      this.server = InProcessServerBuilder.forName(name).addService(new Sessions()).build().start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Creates a client that can only connect to this server, on real time. */
  FencepostClient client(ClientBuilder builder) {
    return FencepostClientImpl.start(builder.setup(address -> connect()));
  }

  /** Opens one more connection. */
  ManagedChannel connect() {
    return InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** The welcome reports addresses of two replicas; the server is reached under all of them. */
  private static Welcome welcome() {
    return Welcome.newBuilder()
        .setSessionId("session")
        .setMaxUnanswered(1_000)
        .setHeartbeat(ProtoConverter.toProto(Duration.ofSeconds(5)))
        .setServer(
            GetServerInfoResponse.newBuilder()
                .setReplicaId("0000000000000001")
                .setStoreId("store")
                .setLimits(Limits.newBuilder().setMaxMessageBytes(65_536))
                .addReplicas(
                    Replica.newBuilder().setReplicaId("0000000000000001").setAddress("own:3"))
                .addReplicas(
                    Replica.newBuilder().setReplicaId("0000000000000002").setAddress("wrong:4")))
        .build();
  }

  private Result answer(Operation operation, long mark) {
    Result.Builder result = Result.newBuilder().setId(operation.getId()).setCountsFromMark(mark);
    return switch (operation.getOperationCase()) {
      case ACQUIRE ->
          result
              .setAcquire(
                  AcquireResponse.newBuilder()
                      .setGranted(grant(operation.getAcquire().getName(), token.incrementAndGet())))
              .build();
      case RENEW -> {
        renewals.incrementAndGet();
        if (losesAll) {
          yield result.setRenew(RenewResponse.newBuilder().setLost(Lost.newBuilder())).build();
        }
        var ref = operation.getRenew().getGrant();
        yield result
            .setRenew(
                RenewResponse.newBuilder().setRenewed(grant(ref.getName(), ref.getFencingToken())))
            .build();
      }
      case RELEASE ->
          result
              .setRelease(
                  ReleaseResponse.newBuilder().setOutcome(ReleaseOutcome.RELEASE_OUTCOME_RELEASED))
              .build();
      case OPERATION_NOT_SET -> result.build();
    };
  }

  private Grant grant(String name, long number) {
    return Grant.newBuilder()
        .setName(name)
        .setFencingToken(number)
        .setTtl(ProtoConverter.toProto(ttl))
        .setValidFor(ProtoConverter.toProto(ttl.multipliedBy(9).dividedBy(10)))
        .setRenewAfter(ProtoConverter.toProto(ttl.dividedBy(3)))
        .build();
  }

  private final class Sessions extends SessionServiceGrpc.SessionServiceImplBase {
    @Override
    public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> responses) {
      return new Stream(responses);
    }
  }

  private final class Stream implements StreamObserver<SessionRequest> {
    private final StreamObserver<SessionResponse> responses;

    Stream(StreamObserver<SessionResponse> responses) {
      this.responses = responses;
    }

    @Override
    public void onNext(SessionRequest message) {
      SessionResponse.Builder response = SessionResponse.newBuilder();
      if (message.hasHello()) {
        response.setWelcome(welcome());
      }
      message
          .getOperationsList()
          .forEach(operation -> response.addResults(answer(operation, message.getMark())));
      responses.onNext(response.build());
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      if (answersGoodbyes) {
        responses.onCompleted();
      }
    }
  }
}
