package dev.fencepost.server.service;

import dev.fencepost.core.Coordinator;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.stream.Stream;

/** All services of one server, ready to be registered. */
public final class Services {
  private final LockGrpc locks;
  private final List<BindableService> all;
  private final List<ServerInterceptor> interceptors;

  /**
   * Makes the services.
   *
   * @param guards asked before each call, the first one first
   */
  public Services(
      Coordinator coordinator,
      ServiceSettings settings,
      Refusals refusals,
      List<ServerInterceptor> guards) {
    Answers answers = new Answers(refusals);
    this.locks = new LockGrpc(coordinator, settings, answers);
    this.all =
        List.of(
            locks,
            new FencingGrpc(coordinator, answers),
            new AdminGrpc(coordinator, settings, answers, new Audit()));
    this.interceptors = Stream.concat(guards.stream(), Stream.of(new Peer.Interceptor())).toList();
  }

  /** What to register with a server. */
  public List<ServerServiceDefinition> definitions() {
    return all.stream()
        .map(service -> ServerInterceptors.interceptForward(service, interceptors))
        .map(GarbledMessages::guard)
        .toList();
  }

  /** Ends the watches; calls that wait are ended by the coordinator. */
  public void drain() {
    locks.drain();
  }
}
