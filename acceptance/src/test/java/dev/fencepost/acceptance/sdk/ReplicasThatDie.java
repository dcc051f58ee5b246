package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.world.Server;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Three replicas on one store are killed or restarted, one after the other, under load. Takes
 * minutes, so it is asked for by name: {@code -Dtest=ReplicasThatDie}.
 */
class ReplicasThatDie {
  /** Kills and restarts; more of them by {@code -Dfencepost.rounds}. */
  private static final int ROUNDS = Integer.getInteger("fencepost.rounds", 6);

  private static final int CLIENTS = 10;
  private static final int HOLDERS = 50;
  private static final int WORKERS = 200;
  private static final int LOCKS = 20;
  private static final int GRANTS_BETWEEN = 1_000;

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void killedReplicas_costNoLivingHolderItsLockAndNoWaiterItsTurn() throws Exception {
    try (Server a = Server.on(DATABASE.jdbcUri());
        Server b = Server.on(DATABASE.jdbcUri());
        Server c = Server.on(DATABASE.jdbcUri());
        Crowd crowd = new Crowd(target(a, b, c), CLIENTS)) {
      begin(crowd);
      List<Server> servers = List.of(a, b, c);
      for (int round = 0; round < ROUNDS; round++) {
        Server victim = servers.get(round % servers.size());
        victim.kill();
        crowd.awaitGrants(GRANTS_BETWEEN);
        victim.startAgain();
        crowd.awaitGrants(GRANTS_BETWEEN);
      }
      crowd.judge();
      System.out.println(
          ROUNDS + " kills, " + crowd.grants() + " grants, longest wait " + crowd.longestWait());
    }
  }

  @Test
  void rollingRestarts_failNoCall() throws Exception {
    try (Server a = Server.on(DATABASE.jdbcUri());
        Server b = Server.on(DATABASE.jdbcUri());
        Server c = Server.on(DATABASE.jdbcUri());
        Crowd crowd = new Crowd(target(a, b, c), CLIENTS)) {
      begin(crowd);
      for (Server server : List.of(a, b, c)) {
        assertThat(server.terminate()).as("exit code").isZero();
        server.startAgain();
        crowd.awaitGrants(GRANTS_BETWEEN);
      }
      crowd.judge();
      System.out.println(
          "3 restarts, " + crowd.grants() + " grants, longest wait " + crowd.longestWait());
    }
  }

  private static void begin(Crowd crowd) throws InterruptedException {
    crowd.hold(HOLDERS);
    crowd.work(WORKERS, LOCKS);
    crowd.awaitGrants(GRANTS_BETWEEN);
  }

  static String target(Server... servers) {
    return String.join(
        ",", List.of(servers).stream().map(server -> "127.0.0.1:" + server.port()).toList());
  }
}
