package dev.fencepost.server.service;

import dev.fencepost.core.DrainingException;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** {@code fencepost.v1.SessionService} over a coordinator: the sessions of all clients. */
final class SessionGrpc extends SessionServiceGrpc.SessionServiceImplBase {
  private static final Duration SWEEP_EVERY = Duration.ofSeconds(10);

  private final SessionSurroundings around;
  private final Set<Session> open = ConcurrentHashMap.newKeySet();
  private volatile boolean isDraining;

  SessionGrpc(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    this.around = SessionSurroundings.of(coordinator, settings, answers, held);
    sweepLater();
  }

  @Override
  public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> responses) {
    Session session =
        new Session(around, (ServerCallStreamObserver<SessionResponse>) responses, open::remove);
    open.add(session);
    if (isDraining) {
      session.refuse(new DrainingException(Duration.ZERO));
    }
    return session;
  }

  /** Asks all clients to leave in good order, and refuses those that come. */
  void drain(Duration leaveWithin, List<Replica> replicas) {
    isDraining = true;
    Drain drain =
        Drain.newBuilder()
            .setLeaveWithin(WireDuration.of(leaveWithin))
            .addAllReplicas(new ServerDescription(around.settings()).fellows(replicas))
            .build();
    open.forEach(session -> session.drain(drain));
  }

  /** Sessions that are open now. */
  int count() {
    return open.size();
  }

  private void sweepLater() {
    around
        .settings()
        .timers()
        .schedule(
            SWEEP_EVERY,
            () -> {
              around.held().sweep(around.now());
              sweepLater();
            });
  }
}
