package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.backend.etcd.rpc.EtcdSettings.Endpoint;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class EtcdSettingsTest {
  @Test
  void membersAndPrefix_areRead() {
    EtcdSettings settings = read("etcd://a:1,b,[::1]:3,[::2]/team/locks/");
    assertThat(settings.endpoints())
        .containsExactly(
            new Endpoint("a", 1),
            new Endpoint("b", 2379),
            new Endpoint("::1", 3),
            new Endpoint("::2", 2379));
    assertThat(settings.prefix()).isEqualTo("team/locks");
    assertThat(read("etcd://a").prefix()).isEqualTo("fencepost");
  }

  @Test
  void faultsInTheUri_areRefused() {
    for (String uri :
        new String[] {
          "etcd://",
          "etcd://a:0",
          "etcd://a:x",
          "etcd://a:65536",
          "etcd://a:+1",
          "etcd://a :2379",
          "etcd:// a",
          "etcd://a\t:1",
          "etcd://a;b",
          "etcd://[::1",
          "etcd://[g]:1",
          "etcd://a:1,b ,c",
          "etcd://a:1,a:1",
          "etcd://::1",
          "etcd://a,,b",
          "etcd://user:secret@a",
          "etcd://a/b?c=d",
          "redis://a"
        }) {
      assertThatThrownBy(() -> read(uri))
          .as(uri)
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageStartingWith("store URI: ")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void faultsInTheOptions_areRefusedByName() {
    assertRefused("batch-size", Map.of("batch-size", "0"));
    assertRefused("batches", Map.of("batches", "many"));
    assertRefused("mark-retention", Map.of("mark-retention", "1h"));
    assertRefused("tls", Map.of("tls", "yes"));
    assertRefused("tls-ca", Map.of("tls-ca", "/no/such/file"));
    assertRefused("password", Map.of("user", "u"));
    assertRefused("user", Map.of("password", "p"));
    assertRefused("bath-size", Map.of("bath-size", "7"));
  }

  @Test
  void password_isNotShown() {
    StoreSettings given =
        new StoreSettings(
            "etcd://a", Duration.ofSeconds(1), Map.of("user", "u", "password", "secret"));
    assertThat(EtcdSettings.of(given).toString()).doesNotContain("secret");
  }

  @Test
  void nestedTransactions_areTrustedFromTheirRepairOn() {
    for (String unsafe : new String[] {"3.4.23", "3.4.40", "3.5.27", "3.6.8"}) {
      assertThat(EtcdVersion.parse(unsafe).orElseThrow().checksNestedTransactions()).isFalse();
    }
    for (String safe : new String[] {"3.5.28", "3.6.9", "3.6.10-rc.0", "3.7.0", "4.0.0"}) {
      assertThat(EtcdVersion.parse(safe).orElseThrow().checksNestedTransactions()).isTrue();
    }
    assertThat(EtcdVersion.parse("unknown")).isEmpty();
  }

  private static void assertRefused(String name, Map<String, String> options) {
    assertThatThrownBy(
            () -> EtcdSettings.of(new StoreSettings("etcd://a", Duration.ofSeconds(1), options)))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageStartingWith("store option " + name + ": ");
  }

  private static EtcdSettings read(String uri) {
    return EtcdSettings.of(StoreSettings.of(uri));
  }
}
