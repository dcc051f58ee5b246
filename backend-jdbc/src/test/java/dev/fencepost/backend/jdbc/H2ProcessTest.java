package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded database when its process is killed, or when two processes use it. */
final class H2ProcessTest {
  @TempDir Path folder;

  @Test
  void killedProcess_losesNoAnsweredGrant() {
    List<String> answered = new ArrayList<>();
    try (ChildJvm child = ChildJvm.start(List.of("-Xmx128m"), GrantingProcess.class, uri())) {
      child.awaitLine(
          line -> answered.add(line) && line.startsWith("1000 "), Duration.ofSeconds(60));
      child.kill();
      answered.addAll(child.remainingLines(Duration.ofSeconds(10)));
    }
    assertThat(answered).hasSizeGreaterThanOrEqualTo(1_000);
    try (TestReplica replica = new TestReplica(uri())) {
      for (String line : answered) {
        String[] words = line.split(" ", -1);
        if (words.length != 4) {
          continue; // The kill cut this line off.
        }
        Claim claim = GrantingProcess.claim(words[0], words[1]);
        Grant grant =
            TestReplica.granted(
                TestReplica.answer(replica.backend().tryAcquire(claim, QueueIntent.NONE)));
        assertThat(grant.origin()).isEqualTo(Grant.Origin.EXISTING);
        assertThat(grant.token()).hasToString(words[2]);
      }
    }
  }

  @Test
  void secondServerOnAFolder_isRefusedWithTheFolder() {
    try (ChildJvm child = ChildJvm.start(List.of("-Xmx128m"), GrantingProcess.class, uri())) {
      child.awaitLine(line -> line.startsWith("1 "), Duration.ofSeconds(60));
      assertThatThrownBy(() -> new TestReplica(uri()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContainingAll(folder.toString(), "another server", "h2:FOLDER");
    }
    new TestReplica(uri()).close();
  }

  @Test
  void twoBackendsInOneProcess_shareTheStore() {
    try (TestReplica a = new TestReplica(uri());
        TestReplica b = new TestReplica(uri())) {
      assertThat(b.info().id()).isEqualTo(a.info().id());
      assertThat(b.info().replicas()).hasSize(2);
    }
  }

  @Test
  void pathOfAFile_isRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> new TestReplica("h2:" + file))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining(file.toString());
    assertThatThrownBy(() -> new TestReplica("h2:"))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("h2:./fencepost-data");
  }

  private String uri() {
    return "h2:" + folder.resolve("data");
  }

  /** A process that acquires lock after lock, many at a time, and prints each grant. */
  static final class GrantingProcess {
    private static final int AT_A_TIME = 32;

    private GrantingProcess() {}

    /** Runs until it is killed. */
    public static void main(String[] arguments) {
      try (TestReplica replica = new TestReplica(arguments[0])) {
        for (int i = 1; ; i += AT_A_TIME) {
          List<CompletableFuture<Grant>> grants = new ArrayList<>();
          for (int j = i; j < i + AT_A_TIME; j++) {
            Claim claim = claim(Integer.toString(j), TestReplica.claim("x").id().value());
            grants.add(
                replica
                    .backend()
                    .tryAcquire(claim, QueueIntent.NONE)
                    .thenApply(TestReplica::granted)
                    .toCompletableFuture());
          }
          for (CompletableFuture<Grant> answered : grants) {
            Grant grant = answered.join();
            System.out.println(
                grant.ref().lock()
                    + " "
                    + grant.ref().claim().value()
                    + " "
                    + grant.token()
                    + " .");
          }
        }
      }
    }

    static Claim claim(String lock, String id) {
      return new Claim(
          new LockName(lock),
          new ClaimId(id),
          Lease.of(Duration.ofHours(1)),
          Claimant.named("child"));
    }
  }
}
