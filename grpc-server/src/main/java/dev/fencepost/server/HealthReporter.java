package dev.fencepost.server;

import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.List;
import java.util.stream.Stream;

/** Reports health by {@code grpc.health.v1}, for the server as a whole and for each service. */
final class HealthReporter {
  private final HealthStatusManager manager = new HealthStatusManager();
  private final List<String> names;

  /** Creates a reporter that reports "not serving" at first. */
  HealthReporter(List<String> services) {
    this.names =
        Stream.concat(Stream.of(HealthStatusManager.SERVICE_NAME_ALL_SERVICES), services.stream())
            .toList();
    report(false);
  }

  BindableService service() {
    return manager.getHealthService();
  }

  void report(boolean ready) {
    ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    names.forEach(name -> manager.setStatus(name, status));
  }

  /** Reports "not serving" for good. */
  void stopServing() {
    manager.enterTerminalState();
  }
}
