package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.junit.FencepostTest;
import dev.fencepost.junit.LockTestServer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/** The lock is taken outside of the method's own transaction, which has a connection. */
@FencepostTest
class AdviceOrderTest {
  private static final String NAME = "orders/42";
  private static final int SECONDS = 20;

  @Test
  void waitForTheLock_takesNoConnection(LockTestServer server) throws Exception {
    assertThat(shipmentsWhileAnotherOneWaits(server)).isZero();
  }

  @Test
  void waitInsideOfTheTransaction_wouldTakeOne(LockTestServer server) {
    assertThatThrownBy(() -> shipmentsWhileAnotherOneWaits(server, TransactionsOutside.class))
        .isInstanceOf(CannotGetJdbcConnectionException.class);
  }

  /** Reads with the only connection while a locked, transactional method waits for its lock. */
  private static int shipmentsWhileAnotherOneWaits(LockTestServer server, Class<?>... more)
      throws Exception {
    try (ConfigurableApplicationContext application = start(server, more);
        FencepostClient other = FencepostClient.connect(server.target())) {
      LockHandle held = other.lock(NAME).acquire();
      LockedService service = application.getBean(LockedService.class);
      CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> insert(service));
      await().until(() -> other.inspect(NAME).join().waiterCount() == 1);
      try {
        return application
            .getBean(JdbcTemplate.class)
            .queryForObject("SELECT COUNT(*) FROM shipments", Integer.class);
      } finally {
        held.release();
        waiting.get(SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  private static void insert(LockedService service) {
    try {
      service.insert(NAME, 1, () -> true);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static ConfigurableApplicationContext start(LockTestServer server, Class<?>... more) {
    return new SpringApplicationBuilder(SampleApplication.class)
        .sources(more)
        .properties(
            "fencepost.target=" + server.target(),
            "spring.datasource.generate-unique-name=true",
            "spring.datasource.hikari.maximum-pool-size=1",
            "spring.datasource.hikari.connection-timeout=250")
        .run();
  }

  /** The other order. Not found by the scan of the application: only one test wants it. */
  @EnableTransactionManagement(proxyTargetClass = true, order = Ordered.LOWEST_PRECEDENCE - 200)
  static class TransactionsOutside {}
}
