package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;

/** Up if a server answers. For the readiness of an application in Spring Boot 3. */
final class Boot3HealthIndicator extends AbstractHealthIndicator {
  private final ServerProbe probe;

  Boot3HealthIndicator(FencepostClient client) {
    this.probe = new ServerProbe(client);
  }

  @Override
  protected void doHealthCheck(Health.Builder health) throws Exception {
    health.up().withDetails(probe.details());
  }
}
