package dev.fencepost.client.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.support.TestCluster;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A holder with wrong clocks loses its connection silently. When the store grants its lock to
 * another, it must no longer believe that it holds the lock.
 */
class FakeClockTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final List<String> JVM = List.of("-Xmx64m", "-XX:TieredStopAtLevel=1");
  private static final String LOCK = "lock";
  private static final String TTL_MILLIS = "2000";

  private final TestCluster cluster = TestCluster.of(0);
  private final int port = FreePort.next();
  private final TcpProxy proxy = new TcpProxy(port);
  private int questions;

  @BeforeEach
  void start() {
    cluster.startAt(port, "advertise", "127.0.0.1:" + proxy.port());
  }

  @AfterEach
  void stop() {
    proxy.close();
    cluster.close();
  }

  /** A clock that is more than a tenth slower exceeds the margin. */
  @ParameterizedTest
  @ValueSource(strings = {"0.92", "1.2"})
  void clockOfAnotherRate_keepsTheLockAndEndsItInTime(String rate) throws Exception {
    try (ChildJvm holder = start(LibFaketime.withRate(rate))) {
      awaitRenewals(holder);
      assertThat(believesAtTheNextGrant(holder)).isFalse();
    }
  }

  @Test
  void clockOfHalfTheRate_outlivesTheLease_soThatThisTestCanFail() throws Exception {
    try (ChildJvm holder = start(LibFaketime.withRate("0.5"))) {
      assertThat(believesAtTheNextGrant(holder)).isTrue();
    }
  }

  private ChildJvm start(Map<String, String> environment) {
    ChildJvm holder =
        ChildJvm.start(
            environment, JVM, QueriedHolder.class, "127.0.0.1:" + proxy.port(), LOCK, TTL_MILLIS);
    holder.awaitLine(line -> line.startsWith("held "), PATIENCE);
    return holder;
  }

  /** Longer than one lease. */
  private static void awaitRenewals(ChildJvm holder) {
    for (int i = 0; i < 4; i++) {
      String line =
          holder.awaitLine(each -> each.equals("renewed") || each.startsWith("told"), PATIENCE);
      assertThat(line).isEqualTo("renewed");
    }
  }

  /** Cuts the holder off, takes its lock as soon as the store grants it, and asks the holder. */
  private boolean believesAtTheNextGrant(ChildJvm holder) {
    proxy.swallow(Direction.REQUESTS);
    proxy.swallow(Direction.ANSWERS);
    try (FencepostClient other = FencepostClient.connect("127.0.0.1:" + port);
        LockHandle next = awaitGrant(other)) {
      boolean believes = ask(holder);
      assertThat(next.isHeld()).isTrue();
      return believes;
    }
  }

  private static LockHandle awaitGrant(FencepostClient client) {
    return await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(2))
        .until(() -> client.lock(LOCK).tryAcquire(), Optional::isPresent)
        .orElseThrow();
  }

  /** Whether the holder believes that it holds the lock. */
  private boolean ask(ChildJvm holder) {
    String question = "question-" + ++questions;
    holder.send(question);
    String answer = holder.awaitLine(line -> line.startsWith(question + " "), PATIENCE);
    return answer.equals(question + " true");
  }
}
