package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up if a server answers. For the readiness of an application in Spring Boot 4. */
final class Boot4HealthIndicator extends AbstractHealthIndicator {
  private final ServerProbe probe;

  Boot4HealthIndicator(FencepostClient client) {
    this.probe = new ServerProbe(client);
  }

  @Override
  protected void doHealthCheck(Health.Builder health) throws Exception {
    health.up().withDetails(probe.details());
  }
}
