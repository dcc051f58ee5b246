package dev.fencepost.shedlock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadNodeTest {
  @TempDir private Path folder;

  @Test
  void lockAtLeastFor_survivesTheDeathOfTheNode() throws Exception {
    Map<String, String> flags =
        Map.of("store", "h2:" + folder, "listen", "127.0.0.1:0", "http-listen", "off");
    try (FencepostServer server = FencepostServer.start(ServerConfig.load(flags, Map.of()));
        FencepostClient client = FencepostClient.connect("127.0.0.1:" + server.port())) {
      try (ChildJvm node =
          ChildJvm.start(
              List.of(), DeadNodeProgram.class, "127.0.0.1:" + server.port(), "nightly", "PT4M")) {
        node.awaitLine("taken"::equals, Duration.ofSeconds(60));
        node.kill();
      }
      LockConfiguration again =
          new LockConfiguration(
              ClockProvider.now(), "nightly", Duration.ofMinutes(1), Duration.ZERO);
      assertThat(new FencepostLockProvider(client).lock(again)).isEmpty();
      Duration rest =
          client
              .inspect("nightly")
              .get(20, TimeUnit.SECONDS)
              .holder()
              .orElseThrow()
              .remainingAtMost();
      assertThat(rest).isGreaterThan(Duration.ofMinutes(2));
    }
  }
}
