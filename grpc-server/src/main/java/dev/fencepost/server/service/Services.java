package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** All services of one server, ready to be registered. */
public final class Services {
  private final LockGrpc locks;
  private final SessionGrpc sessions;
  private final List<BindableService> all;
  private final List<ServerInterceptor> interceptors;
  private final List<ServerInterceptor> bounds;

  /**
   * Makes the services.
   *
   * @param guards asked before each call that is within the limits, the first one first
   */
  public Services(
      LockCoordinator coordinator,
      ServiceSettings settings,
      Refusals refusals,
      List<ServerInterceptor> guards) {
    Answers answers = new Answers(refusals);
    HeldGrants held = new HeldGrants(settings.limits());
    this.locks = new LockGrpc(coordinator, settings, answers, held);
    this.sessions = new SessionGrpc(coordinator, settings, answers, held);
    this.all =
        List.of(
            locks,
            sessions,
            new FencingGrpc(coordinator, answers),
            new AdminGrpc(coordinator, settings, answers, held));
    List<ServerInterceptor> first =
        List.of(new Peer.Interceptor(), new Admission(settings.limits(), refusals));
    // Last: what a guard holds is not read, so its request cannot come.
    List<ServerInterceptor> last = List.of(new RequestTimeout(settings.timers()));
    this.bounds = Stream.of(first, last).flatMap(List::stream).toList();
    this.interceptors = Stream.of(first, guards, last).flatMap(List::stream).toList();
  }

  /** What to register with a server. */
  public List<ServerServiceDefinition> definitions() {
    return all.stream()
        .map(service -> ServerInterceptors.interceptForward(service, interceptors))
        .map(GarbledMessages::guard)
        .toList();
  }

  /** Another service of the same server, whose calls are bounded too. */
  public ServerServiceDefinition bounded(ServerServiceDefinition service) {
    return ServerInterceptors.interceptForward(service, bounds);
  }

  /**
   * Ends the watches and asks the clients of sessions to leave; calls that wait are ended by the
   * coordinator.
   *
   * @param replicas those of this store, which clients may go to if they serve
   */
  public void drain(Duration leaveWithin, List<Replica> replicas) {
    locks.drain();
    sessions.drain(leaveWithin, replicas);
  }

  /** Sessions that are open now. */
  public int openSessions() {
    return sessions.count();
  }
}
