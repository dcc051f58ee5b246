package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Commands on locks that nobody else uses take one request each. */
final class RoundTripTest {
  private static final int COMMANDS = 100;

  /** Requests of other kinds: periodic work, and the commands that count the requests. */
  private static final int OTHERS = 40;

  private static final ZookeeperServer SERVER =
      new ZookeeperServer().with("maxSessionTimeout=300000");

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void uncontendedCommand_isOneRequest() {
    // With this session timeout, pings are rare.
    try (TestReplica replica =
        new TestReplica(
            "zookeeper://127.0.0.1:" + SERVER.port() + "/trips", Map.of("session-timeout", "5m"))) {
      List<Grant> grants = new ArrayList<>();
      assertOneRequest("first acquire", i -> grants.add(acquire(replica, i, QueueIntent.NONE)));
      assertOneRequest(
          "release",
          i -> answer(replica.backend().release(ReleaseCommand.of(grants.get(i).ref()))));
      assertOneRequest("acquire again", i -> grants.set(i, acquire(replica, i, QueueIntent.JOIN)));
      assertOneRequest("renewal", i -> answer(replica.backend().renew(grants.get(i).ref())));
      assertOneRequest(
          "hand-over",
          i -> {
            var next =
                replica.backend().handOver(grants.get(i).ref(), claim(lock(i)), QueueIntent.JOIN);
            grants.set(i, granted(answer(next).got()));
          });
      grants.forEach(grant -> answer(replica.backend().release(ReleaseCommand.of(grant.ref()))));
    }
  }

  /** A command on the lock of this number. */
  private interface NumberedCommand {
    void run(int lock);
  }

  private static void assertOneRequest(String what, NumberedCommand command) {
    long before = requests();
    IntStream.range(0, COMMANDS).forEach(command::run);
    assertThat(requests() - before)
        .as("requests of %d times: %s", COMMANDS, what)
        .isBetween((long) COMMANDS, (long) COMMANDS + OTHERS);
  }

  private static Grant acquire(TestReplica replica, int lock, QueueIntent intent) {
    return granted(answer(replica.backend().tryAcquire(claim(lock(lock)), intent)));
  }

  private static String lock(int number) {
    return "trip/" + number;
  }

  private static long requests() {
    Matcher received =
        Pattern.compile("Received: (\\d+)").matcher(SERVER.ask("srvr").orElseThrow());
    assertThat(received.find()).isTrue();
    return Long.parseLong(received.group(1));
  }
}
