package dev.fencepost.server.service.session;

import dev.fencepost.core.DrainingException;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.wire.WireDuration;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Serves {@code fencepost.v1.SessionService} and keeps the open sessions of all clients. */
public final class SessionGrpcService extends SessionServiceGrpc.SessionServiceImplBase {
  private static final Duration REMOVE_EXPIRED_INTERVAL = Duration.ofSeconds(10);

  private final SharedSessionContext context;
  private final Set<SessionHandler> open = ConcurrentHashMap.newKeySet();
  private volatile boolean isDraining;

  public SessionGrpcService(
      LockCoordinator coordinator,
      ServiceContext service,
      CallResponder responder,
      HeldGrants grants) {
    this.context = SharedSessionContext.of(coordinator, service, responder, grants);
    scheduleRemoval();
  }

  @Override
  public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> responses) {
    SessionHandler session =
        new SessionHandler(
            context, (ServerCallStreamObserver<SessionResponse>) responses, open::remove);
    open.add(session);
    if (isDraining) {
      session.refuse(new DrainingException(Duration.ZERO));
    }
    session.followRights();
    return session;
  }

  /** Asks all clients to leave normally, and refuses new sessions. */
  public void drain(Duration leaveWithin, List<Replica> replicas) {
    isDraining = true;
    Drain drain =
        Drain.newBuilder()
            .setLeaveWithin(WireDuration.of(leaveWithin))
            .addAllReplicas(context.description().peers(replicas))
            .build();
    open.forEach(session -> session.drain(drain));
  }

  /** Returns the number of open sessions. */
  public int count() {
    return open.size();
  }

  private void scheduleRemoval() {
    context
        .service()
        .timers()
        .schedule(
            REMOVE_EXPIRED_INTERVAL,
            () -> {
              context.grants().removeExpired(context.now());
              scheduleRemoval();
            });
  }
}
