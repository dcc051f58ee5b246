package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.server.service.call.AdmissionInterceptor;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.call.GarbledMessageGuard;
import dev.fencepost.server.service.call.LimitAudit;
import dev.fencepost.server.service.call.RequestTimeoutInterceptor;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.grant.GrantAudit;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.session.SessionGrpcService;
import dev.fencepost.server.service.unary.AdminGrpcService;
import dev.fencepost.server.service.unary.FencingGrpcService;
import dev.fencepost.server.service.unary.LockGrpcService;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Assembles all gRPC services of one server with their interceptors. */
public final class GrpcServices {
  private final LockGrpcService locks;
  private final SessionGrpcService sessions;
  private final List<BindableService> all;
  private final List<ServerInterceptor> interceptors;
  private final List<ServerInterceptor> bounds;

  /**
   * Creates the services.
   *
   * @param guards interceptors of each call that is within the limits, the outermost first
   */
  public GrpcServices(
      LockCoordinator coordinator,
      ServiceContext context,
      StatusMapper statuses,
      List<ServerInterceptor> guards) {
    LimitAudit limits = new LimitAudit(context.audit());
    CallResponder responder = new CallResponder(statuses, limits);
    HeldGrants grants = new HeldGrants(context.limits(), new GrantAudit(context.audit()));
    this.locks = new LockGrpcService(coordinator, context, responder, grants);
    this.sessions = new SessionGrpcService(coordinator, context, responder, grants);
    this.all =
        List.of(
            locks,
            sessions,
            new FencingGrpcService(coordinator, responder),
            new AdminGrpcService(coordinator, context, responder, grants));
    List<ServerInterceptor> first =
        List.of(
            new CallerIdentity.Interceptor(),
            new AdmissionInterceptor(context.limits(), statuses, limits));
    // Last, because the request of a call that a guard delays is not read and cannot arrive.
    List<ServerInterceptor> last = List.of(new RequestTimeoutInterceptor(context.timers()));
    this.bounds = Stream.of(first, last).flatMap(List::stream).toList();
    this.interceptors = Stream.of(first, guards, last).flatMap(List::stream).toList();
  }

  /** Returns the services to register with a server. */
  public List<ServerServiceDefinition> definitions() {
    return all.stream()
        .map(service -> ServerInterceptors.interceptForward(service, interceptors))
        .map(GarbledMessageGuard::guard)
        .toList();
  }

  /** Applies the limits to another service of the same server. */
  public ServerServiceDefinition bounded(ServerServiceDefinition service) {
    return ServerInterceptors.interceptForward(service, bounds);
  }

  /**
   * Ends the watches and asks the clients of sessions to leave. The coordinator ends waiting calls.
   *
   * @param replicas replicas on this store; clients may go to those that serve
   */
  public void drain(Duration leaveWithin, List<Replica> replicas) {
    locks.drain();
    sessions.drain(leaveWithin, replicas);
  }

  /** Returns the number of open sessions. */
  public int openSessions() {
    return sessions.count();
  }
}
