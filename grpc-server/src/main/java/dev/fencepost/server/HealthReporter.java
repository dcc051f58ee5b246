package dev.fencepost.server;

import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.List;
import java.util.stream.Stream;

/** {@code grpc.health.v1}, for the server as a whole and each service. */
final class HealthReporter {
  private final HealthStatusManager manager = new HealthStatusManager();
  private final List<String> names;

  /** Not serving yet. */
  HealthReporter(List<String> services) {
    this.names =
        Stream.concat(Stream.of(HealthStatusManager.SERVICE_NAME_ALL_SERVICES), services.stream())
            .toList();
    tell(false);
  }

  BindableService service() {
    return manager.getHealthService();
  }

  void tell(boolean ready) {
    ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    names.forEach(name -> manager.setStatus(name, status));
  }

  /** Not serving, for good. */
  void end() {
    manager.enterTerminalState();
  }
}
