package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.util.ArrayList;
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
  private static final int RIVALS = 3;
  private static final int WORKERS = 200;
  private static final int LOCKS = 20;
  private static final int GRANTS_BETWEEN = 1_000;

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void killedReplicas_costNoLivingHolderItsLockAndNoWaiterItsTurn() throws Exception {
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer c = ReplicaServer.on(DATABASE.jdbcUri());
        ClientCrowd crowd = new ClientCrowd(CLIENTS, target(a, b, c))) {
      begin(crowd);
      List<ReplicaServer> servers = List.of(a, b, c);
      for (int round = 0; round < ROUNDS; round++) {
        ReplicaServer victim = servers.get(round % servers.size());
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
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer c = ReplicaServer.on(DATABASE.jdbcUri());
        ClientCrowd crowd = new ClientCrowd(CLIENTS, target(a, b, c))) {
      begin(crowd);
      for (ReplicaServer server : List.of(a, b, c)) {
        assertThat(server.terminate()).as("exit code").isZero();
        server.startAgain();
        crowd.awaitGrants(GRANTS_BETWEEN);
      }
      crowd.judge();
      System.out.println(
          "3 restarts, " + crowd.grants() + " grants, longest wait " + crowd.longestWait());
    }
  }

  @Test
  void swallowedReplicas_costNoLivingHolderItsLock() throws Exception {
    List<Integer> ports = List.of(FreePort.next(), FreePort.next(), FreePort.next());
    List<TcpProxy> proxies = ports.stream().map(TcpProxy::new).toList();
    List<ReplicaServer> servers = new ArrayList<>();
    try {
      for (int i = 0; i < ports.size(); i++) {
        String advertised = "--advertise=127.0.0.1:" + proxies.get(i).port();
        servers.add(ReplicaServer.onPort(ports.get(i), DATABASE.jdbcUri(), advertised));
      }
      String target =
          String.join(",", proxies.stream().map(proxy -> "127.0.0.1:" + proxy.port()).toList());
      try (ClientCrowd crowd = new ClientCrowd(CLIENTS, target)) {
        begin(crowd);
        for (int round = 0; round < ROUNDS; round++) {
          TcpProxy victim = proxies.get(round % proxies.size());
          victim.swallow(Direction.REQUESTS);
          victim.swallow(Direction.ANSWERS);
          crowd.awaitGrants(GRANTS_BETWEEN);
          crowd.awaitRefusals(HOLDERS);
          victim.resume();
          crowd.awaitGrants(GRANTS_BETWEEN);
        }
        crowd.judge();
        System.out.println(
            ROUNDS + " times, " + crowd.grants() + " grants, longest " + crowd.longestWait());
      }
    } finally {
      servers.forEach(ReplicaServer::close);
      proxies.forEach(TcpProxy::close);
    }
  }

  private static void begin(ClientCrowd crowd) throws InterruptedException {
    crowd.hold(HOLDERS);
    crowd.rival(RIVALS);
    crowd.work(WORKERS, LOCKS);
    crowd.awaitGrants(GRANTS_BETWEEN);
  }

  static String target(ReplicaServer... servers) {
    return String.join(
        ",", List.of(servers).stream().map(server -> "127.0.0.1:" + server.port()).toList());
  }
}
