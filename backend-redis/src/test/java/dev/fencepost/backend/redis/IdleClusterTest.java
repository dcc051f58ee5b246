package dev.fencepost.backend.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.RedisCluster;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The commands that an idle server sends to a cluster. */
final class IdleClusterTest {
  private static final int MOST_COMMANDS_A_SIGN_OF_LIFE = 40;

  @Test
  void idleServer_sendsFewCommandsPerHeartbeat() {
    try (RedisCluster cluster = new RedisCluster();
        TestReplica replica = new TestReplica(cluster.uri())) {
      replica.acquire("settled");
      long signsBefore = calls(cluster, "hset");
      long allBefore = calls(cluster, "");
      await().atMost(Duration.ofSeconds(40)).until(() -> calls(cluster, "hset") - signsBefore >= 4);
      long all = calls(cluster, "") - allBefore;
      long signs = calls(cluster, "hset") - signsBefore;
      assertThat(all / signs).isLessThan(MOST_COMMANDS_A_SIGN_OF_LIFE);
    }
  }

  /** Counts the executed commands whose names begin with this, without the INFO of this count. */
  private static long calls(RedisCluster cluster, String name) {
    return cluster.masters().stream()
        .flatMap(master -> Arrays.stream(master.cli("INFO", "commandstats").split("\\R")))
        .filter(line -> line.startsWith("cmdstat_" + name) && !line.startsWith("cmdstat_info"))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+).*", "$1")))
        .sum();
  }
}
