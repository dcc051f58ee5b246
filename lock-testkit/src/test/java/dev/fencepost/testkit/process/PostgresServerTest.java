package dev.fencepost.testkit.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PostgresServerTest {

  private static final Duration SILENCE = Duration.ofMillis(300);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  private static String nameOfTheOutermost = "";

  private final PostgresServer server = DATABASE.server();

  @BeforeAll
  static void rememberName() {
    nameOfTheOutermost = DATABASE.name();
  }

  @Test
  void database_isEmptyAndItsOwn() {
    assertThat(server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'fencepost_%'"))
        .isEqualTo("1");
    assertThat(DATABASE.jdbcUri())
        .isEqualTo(
            "jdbc:postgresql://127.0.0.1:%s/%s?user=fencepost", server.port(), DATABASE.name());
    assertThat(server.sql("SHOW fsync")).isEqualTo("on");
  }

  @Nested
  class NestedClass {
    @Test
    void nestedClass_sharesTheDatabase() {
      assertThat(DATABASE.name()).isEqualTo(nameOfTheOutermost);
    }
  }

  @Test
  void killed_keepsWhatWasCommitted() {
    server.sql("CREATE TABLE kept AS SELECT 7 AS n");
    server.kill();
    assertThatThrownBy(() -> server.sql("SELECT 1")).isInstanceOf(IllegalStateException.class);
    server.start();
    assertThat(server.sql("SELECT n FROM kept")).isEqualTo("7");
    server.restart();
    assertThat(server.sql("SELECT n FROM kept")).isEqualTo("7");
  }

  @Test
  void paused_answersAfterResume() throws Exception {
    server.pause();
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> server.sql("SELECT 'late'"));
    assertThatThrownBy(() -> answer.get(SILENCE.toMillis(), TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    server.resume();
    assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo("late");
  }

  @Test
  void closed_leavesNothingBehind() {
    Path folder;
    long pid;
    try (PostgresServer another = new PostgresServer()) {
      another.start();
      folder = another.folder();
      pid = Long.parseLong(another.sql("SELECT pg_backend_pid()"));
      assertThat(folder).isDirectory();
    }
    assertThat(Files.exists(folder)).isFalse();
    await().until(() -> ProcessHandle.of(pid).isEmpty());
  }

  @Test
  void missingPrograms_areNamedWithTheRemedy() {
    assertThatThrownBy(
            () ->
                ProgramFinder.folderOf(
                    "no-such-program", "NO_SUCH_VARIABLE", List.of(), "install it"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no-such-program")
        .hasMessageContaining("install it")
        .hasMessageContaining("NO_SUCH_VARIABLE");
  }
}
