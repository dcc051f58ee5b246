package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A login at Redis whose password stands in a file. */
final class PasswordFileTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir private Path folder;

  @Test
  void exchangedPassword_countsFromTheNextLogin() throws IOException {
    Path file = Files.writeString(folder.resolve("password"), "first\n");
    try (RedisServer locked = new RedisServer("requirepass first")) {
      locked.loginWith("--no-auth-warning", "-a", "first");
      locked.start();
      try (TestReplica replica = open(locked, file)) {
        Grant held = replica.acquire("exchanged");
        Files.writeString(file, "second\n");
        locked.cli("CONFIG", "SET", "requirepass", "second");
        locked.loginWith("--no-auth-warning", "-a", "second");
        locked.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no");
        await()
            .atMost(PATIENCE)
            .ignoreExceptionsInstanceOf(StoreException.class)
            .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
      }
      open(locked, file).close();
    }
  }

  @Test
  void fileWithoutAPassword_isRefusedByName() throws IOException {
    Path file = Files.writeString(folder.resolve("password"), "\n");
    try (RedisServer never = new RedisServer()) {
      assertThatThrownBy(() -> open(never, file))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("store option password-file");
    }
  }

  private static TestReplica open(RedisServer server, Path passwordFile) {
    return new TestReplica(server.uri(), Map.of("password-file", passwordFile.toString()));
  }
}
