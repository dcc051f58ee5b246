package dev.fencepost.backend.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

final class ZookeeperSettingsTest {
  private static final String URI = "zookeeper://a:1,[::1]:2,c/locks/here";

  @Test
  void uri_isServersAndPath() {
    ZookeeperSettings settings = settings(URI, Map.of());
    assertThat(settings.servers()).isEqualTo("a:1,[::1]:2,c");
    assertThat(settings.schema().root()).isEqualTo("/locks/here");
    assertThat(settings.schema().rootAndAbove()).containsExactly("/locks", "/locks/here");
    assertThat(settings("zookeeper://a:1", Map.of()).schema().root()).isEqualTo("/fencepost");
    assertThat(settings("zookeeper://a:1/", Map.of()).schema().root()).isEqualTo("/fencepost");
  }

  @Test
  void badUri_isRefused() {
    for (String uri :
        new String[] {
          "zookeeper:a:1",
          "zookeeper://",
          "zookeeper://a:x",
          "zookeeper://a,,b",
          "zookeeper://a//b",
          "zookeeper://a/../b",
          "zookeeper://u:p@a:1",
          "zookeeper://a:99999/b",
          "zookeeper://a:65536",
          "zookeeper://a:0/b",
          "zookeeper://a :2181/b",
          "zookeeper:// a:2181/b",
          "zookeeper://a:2181, b:2181/c",
          "zookeeper:///b",
          "zookeeper://:2181/b",
          "zookeeper://a:/b",
          "zookeeper://[::g]:2181/b",
          "zookeeper://[1:2]:2181/b"
        }) {
      assertThatThrownBy(() -> settings(uri, Map.of()))
          .as(uri)
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("store URI");
    }
  }

  @Test
  void badServer_isNamed() {
    assertThatThrownBy(() -> settings("zookeeper://a:2181,b:99999/c", Map.of()))
        .hasMessageContaining("\"b:99999\"")
        .hasMessageContaining("1 to 65535");
  }

  @Test
  void passwordInTheUri_isNotRepeated() {
    assertThatThrownBy(() -> settings("zookeeper://user:secret@a:1/b", Map.of()))
        .hasMessageContaining("store options user and password")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> settings("zookeeper://secret@a:1/b", Map.of()))
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> settings("zookeeper://user:sec/ret@a:1", Map.of()))
        .hasMessageNotContaining("sec");
  }

  @Test
  void badOption_isRefusedByName() {
    Map<String, String> bad =
        Map.of(
            "session-timeout", "10ms",
            "batch-size", "65",
            "in-flight", "0",
            "queue", "x",
            "purge-after", "1s",
            "mark-retention", "1h",
            "user", "alone",
            "tls", "yes",
            "tls-keystore", "without tls",
            "colour", "blue");
    bad.forEach(
        (name, value) ->
            assertThatThrownBy(() -> settings(URI, Map.of(name, value)))
                .isInstanceOf(StoreConfigurationException.class)
                .hasMessageContaining(name.startsWith("tls") ? "tls" : name));
  }

  @Test
  void keyStoresBesidePemFiles_areRefused() {
    assertThatThrownBy(
            () ->
                settings(
                    URI,
                    Map.of("tls-keystore", "a.p12", "tls", "true", "tls-server-name", "store")))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("key stores or PEM files");
  }

  @Test
  void secrets_areNotShown() {
    Map<String, String> options =
        Map.of("user", "u", "password", "secret", "tls", "true", "tls-keystore-password", "secret");
    assertThat(settings(URI, options).toString()).doesNotContain("secret");
  }

  @Test
  void nobodyThere_isUnreachableAndMayBeTriedAgain() {
    StoreSettings settings =
        new StoreSettings("zookeeper://127.0.0.1:1/x", Duration.ofMillis(500), Map.of());
    try (TestReplica.UnopenedReplica replica = new TestReplica.UnopenedReplica(settings)) {
      for (int i = 0; i < 2; i++) {
        assertThat(TestReplica.failure(replica.open())).isEqualTo(Failure.STORE_UNREACHABLE);
      }
    }
  }

  @Test
  void provider_isFound() {
    assertThat(ServiceLoader.load(LockBackendProvider.class))
        .hasAtLeastOneElementOfType(ZookeeperBackendProvider.class);
  }

  private static ZookeeperSettings settings(String uri, Map<String, String> options) {
    return ZookeeperSettings.of(
        new StoreSettings(uri, StoreSettings.DEFAULT_CALL_TIMEOUT, options));
  }
}
