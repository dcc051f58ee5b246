package dev.fencepost.client;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.ReplicaAddress;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Limits;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.Replica;
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
import java.util.ArrayList;
import java.util.List;

/**
 * A server that does only what the test says, on the test's thread. Every message of the client is
 * here as soon as it is sent, and every answer reaches the client as soon as the test gives it.
 */
public final class FakeReplica implements AutoCloseable {
  static final Duration HEARTBEAT = Duration.ofSeconds(5);

  final ReplicaAddress address;
  final String id;
  final List<FakeStream> streams = new ArrayList<>();
  private final List<FakeReplica> peers;
  private Server server;
  boolean isMute;

  /** Does not answer liveness probes. */
  boolean ignoresProbes;

  /** Does not answer requests for its server info. */
  boolean ignoresInfoRequests;

  /** Number of requests for its server info. */
  int infoRequests;

  boolean isDraining;
  int maxUnanswered = 100_000;
  int maxMessageBytes = 65_536;
  String storeId = "store";

  public FakeReplica(int port, String id, List<FakeReplica> peers) {
    this.address = new ReplicaAddress("replica", port);
    this.id = id;
    this.peers = peers;
    start();
  }

  void start() {
    try {
      server =
          InProcessServerBuilder.forName(name())
              .directExecutor()
              .addService(new Sessions())
              .addService(new Locks())
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops listening; streams break. */
  void stop() {
    server.shutdownNow();
  }

  public ManagedChannel connect() {
    return InProcessChannelBuilder.forName(name()).directExecutor().build();
  }

  /** The stream that was opened last. */
  public FakeStream stream() {
    return streams.get(streams.size() - 1);
  }

  /** Its server info. */
  GetServerInfoResponse info() {
    GetServerInfoResponse.Builder info =
        GetServerInfoResponse.newBuilder()
            .setReplicaId(id)
            .setStoreId(storeId)
            .setLimits(
                Limits.newBuilder()
                    .setDefaultTtl(ProtoConverter.toProto(Duration.ofSeconds(15)))
                    .setMaxWait(ProtoConverter.toProto(Duration.ofHours(24)))
                    .setMaxMessageBytes(maxMessageBytes));
    peers.forEach(
        each ->
            info.addReplicas(
                Replica.newBuilder()
                    .setReplicaId(each.id)
                    .setAddress(each.address.toString())
                    .setDraining(each.isDraining)));
    return info.build();
  }

  Welcome welcome() {
    return Welcome.newBuilder()
        .setSessionId("session")
        .setServer(info())
        .setMaxUnanswered(maxUnanswered)
        .setHeartbeat(ProtoConverter.toProto(HEARTBEAT))
        .build();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private String name() {
    return "fake-" + System.identityHashCode(peers) + "-" + address;
  }

  private final class Sessions extends SessionServiceGrpc.SessionServiceImplBase {
    @Override
    public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> responses) {
      FakeStream stream = new FakeStream(FakeReplica.this, responses);
      streams.add(stream);
      return stream;
    }
  }

  private final class Locks extends LockServiceGrpc.LockServiceImplBase {
    @Override
    public void getServerInfo(
        GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> call) {
      infoRequests++;
      if (!ignoresInfoRequests) {
        call.onNext(info());
        call.onCompleted();
      }
    }
  }
}
