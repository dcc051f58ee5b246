package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The connection between client and server breaks at any byte, again and again; now and then all
 * connections lose everything instead, and nobody is told.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class CutConnectionsTest {
  /** More of them by {@code -Dfencepost.rounds}. */
  private static final int CUTS = Integer.getInteger("fencepost.rounds", 200);

  private static final int MOST_BYTES = 3_000;
  private static final int CLIENTS = 4;
  private static final int HOLDERS = 10;
  private static final int RIVALS = 2;
  private static final int WORKERS = 24;

  /** After every so many cuts. */
  private static final int SWALLOW_EVERY = 40;

  private static final int LOCKS = 8;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void cutsAtAnyByte_loseNoLockAndNoAnswerAndMakeNoSecondHolder() throws Exception {
    long seed = Long.getLong("fencepost.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int port = FreePort.next();
    try (TcpProxy proxy = new TcpProxy(port);
        ReplicaServer server =
            ReplicaServer.onPort(
                port, DATABASE.jdbcUri(), "--advertise=127.0.0.1:" + proxy.port())) {
      try (ClientCrowd crowd = new ClientCrowd(CLIENTS, "127.0.0.1:" + proxy.port())) {
        crowd.hold(HOLDERS);
        crowd.rival(RIVALS);
        crowd.work(WORKERS, LOCKS);
        for (int cut = 1; cut <= CUTS; cut++) {
          Direction direction = random.nextBoolean() ? Direction.REQUESTS : Direction.ANSWERS;
          proxy.cutAfter(direction, random.nextInt(MOST_BYTES));
          long expected = cut;
          await()
              .atMost(PATIENCE)
              .pollInterval(Duration.ofMillis(1))
              .until(() -> proxy.cuts() >= expected);
          if (cut % SWALLOW_EVERY == 0) {
            proxy.swallowPresent();
            crowd.awaitGrants(LOCKS);
            await().atMost(PATIENCE).until(() -> proxy.swallowing() == 0);
          }
        }
        crowd.awaitGrants(LOCKS);
        crowd.judge();
      }
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_sessions") == 0);
      assertThat(server.gauge("fencepost_waiters")).isZero();
    }
  }
}
