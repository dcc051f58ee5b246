package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.testkit.process.RedisCluster;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import java.util.List;
import org.junit.jupiter.api.Test;

class RedisClusterFenceTest {

  @Test
  void keysInAllSlots_haveTheirMarksBesideThem() {
    try (RedisCluster cluster = new RedisCluster();
        RedisClusterClient client =
            RedisClusterClient.create(RedisServer.uri(cluster.masters().get(0).port()));
        StatefulRedisClusterConnection<String, String> connection = client.connect()) {
      RedisFence fence = RedisFence.over(connection.async());
      for (int i = 0; i < 100; i++) {
        String key = "stock:" + i;
        fence.set(key, "newer", token(2)).join();
        assertThatThrownBy(() -> fence.set(key, "late", token(1)).join())
            .hasCauseInstanceOf(StaleTokenException.class);
        assertThat(connection.sync().get(key)).isEqualTo("newer");
      }
      assertThat(fence.eval("return #KEYS", List.of("a{t}", "{t}b"), List.of(), token(1)).join())
          .isEqualTo(2L);
      assertThatThrownBy(() -> fence.eval("", List.of("a", "b"), List.of(), token(1)).join())
          .hasMessageContaining("CROSSSLOT");
    }
  }
}
