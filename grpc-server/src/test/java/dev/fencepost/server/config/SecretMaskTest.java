package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.HostileUris;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretMaskTest {
  @ParameterizedTest
  @CsvSource(
      delimiterString = " -> ",
      value = {
        "h2:./fencepost-data -> h2:./fencepost-data",
        "h2:./data;PASSWORD=geheim -> h2:./data;***",
        "redis://:geheim@h:6379/0 -> redis://***@h:6379/0",
        "redis://geheim@h -> redis://***@h",
        "redis://u:ge@heim@h:6379 -> redis://***@h:6379",
        "redis://u:ge/heim@h:6379 -> redis://***@h:6379",
        "redis://u:ge?heim@h:6379 -> redis:***",
        "redis-sentinel://geheim@a:1,b:2/0#mymaster -> redis-sentinel://***@a:1,b:2/0#***",
        "jdbc:postgresql://h/db?user=u&password=geheim&x=1 -> jdbc:postgresql://h/db?***",
        "jdbc:postgresql://h:5432/db -> jdbc:postgresql://h:5432/db",
        "jdbc:mariadb:sequential://a -> jdbc:mariadb:sequential://a",
        "etcd://a:2379/locks -> etcd://a:2379/locks",
        "zookeeper:geheim -> zookeeper:***",
        "geheim -> ***"
      })
  void uri_isShownWithoutWhatMayBeSecret(String uri, String shown) {
    assertThat(SecretMask.mask(uri)).isEqualTo(shown);
  }

  @Test
  void hostileUris_showNoSecret() {
    List<String> schemes =
        List.of(
            "h2",
            "jdbc:postgresql",
            "jdbc:mariadb",
            "jdbc:mysql",
            "redis",
            "rediss",
            "redis-sentinel",
            "redis-cluster",
            "etcd",
            "etcds",
            "zookeeper",
            "mongodb",
            "jdbc:oracle:thin");
    for (String scheme : schemes) {
      for (String uri : HostileUris.of(scheme)) {
        assertThat(SecretMask.mask(uri)).doesNotContain(HostileUris.SECRET);
        assertThat(SecretMask.maskValue("store", uri)).doesNotContain(HostileUris.SECRET);
        assertThat(SecretMask.maskValue("sotre", uri)).doesNotContain(HostileUris.SECRET);
      }
    }
  }
}
