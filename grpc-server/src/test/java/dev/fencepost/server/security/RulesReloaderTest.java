package dev.fencepost.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RulesReloaderTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void write() throws Exception {
    file = folder.resolve("rules");
    rules("allow token:a use on a/**\n");
  }

  private void rules(String lines) throws Exception {
    Files.writeString(file, "version 1\n" + lines);
  }

  private static boolean mayAcquire(RulesReloader reloader) {
    return reloader
        .snapshot()
        .rules()
        .rightsOf("token:a")
        .allowsOnLock(AccessOperation.ACQUIRE, "a/b");
  }

  @Test
  void newContent_isInForceAtTheNextPoll_withARisingGeneration() throws Exception {
    RulesReloader reloader = RulesReloader.load(file);
    assertThat(mayAcquire(reloader)).isTrue();
    assertThat(reloader.poll()).isFalse();
    String digest = reloader.snapshot().rules().digest();

    rules("allow token:b use on a/**\n");

    assertThat(reloader.poll()).as("perhaps half written").isFalse();
    assertThat(reloader.poll()).isTrue();
    assertThat(mayAcquire(reloader)).isFalse();
    assertThat(reloader.snapshot().generation()).isEqualTo(2);
    assertThat(reloader.snapshot().rules().digest()).isNotEqualTo(digest).hasSize(16);
  }

  @Test
  void fileWithErrors_orNoFile_changesNothing() throws Exception {
    RulesReloader reloader = RulesReloader.load(file);
    RulesReloader.Snapshot before = reloader.snapshot();

    rules("allow token:a us on a/**\n");
    assertThat(reloader.poll()).isFalse();
    assertThat(reloader.poll()).isFalse();
    Files.delete(file);
    assertThat(reloader.poll()).isFalse();
    rules("allow token:a use on a/**\n");
    assertThat(reloader.poll()).isFalse();
    assertThat(reloader.poll()).isFalse();

    assertThat(reloader.snapshot()).isSameAs(before);
  }

  @Test
  void atTheStart_errorsAreRefused_withAllOfThem() throws Exception {
    rules("allow token:a us on a/**\nalow\n");

    assertThatThrownBy(() -> RulesReloader.load(file))
        .isInstanceOf(RulesReloader.RulesFileException.class)
        .hasMessageContaining("rules:2: ")
        .hasMessageContaining("rules:3: ");
    assertThatThrownBy(() -> RulesReloader.load(folder.resolve("none")))
        .isInstanceOf(RulesReloader.RulesFileException.class);
  }

  @Test
  void fileThatOthersMayWrite_isRefused_untilTheyMayNot() throws Exception {
    RulesReloader reloader = RulesReloader.load(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--rw-"));
    rules("");

    assertThat(reloader.poll()).isFalse();
    assertThat(reloader.poll()).isFalse();
    assertThat(mayAcquire(reloader)).isTrue();
    assertThatThrownBy(() -> RulesReloader.load(file)).hasMessageContaining("others may write it");

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    reloader.poll();
    assertThat(reloader.poll()).isTrue();
    assertThat(mayAcquire(reloader)).isFalse();
  }
}
