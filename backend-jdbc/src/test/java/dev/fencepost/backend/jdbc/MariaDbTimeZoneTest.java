package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.MariaDbServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A server in a zone where daylight saving begins and ends during leases. */
final class MariaDbTimeZoneTest {
  /** Time until summer begins, and its length; the longer ones are for slow machines. */
  private static final List<Duration> LEADS =
      List.of(Duration.ofSeconds(6), Duration.ofSeconds(20), Duration.ofSeconds(60));

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Lease SHORT = Lease.of(Duration.ofSeconds(2));

  @Test
  void daylightSaving_neitherEndsNorLengthensALease() throws SQLException {
    for (Duration lead : LEADS) {
      if (outlivesSummer(lead)) {
        return;
      }
    }
    throw new AssertionError(
        "this machine is too slow: summer was over before the test could check it");
  }

  private static boolean outlivesSummer(Duration lead) throws SQLException {
    Instant summer = Instant.now().plus(lead);
    try (MariaDbServer server = MariaDbServer.inZone(zone(summer, lead))) {
      server.start();
      String uri = server.createDatabase("zones");
      try (TestReplica replica = new TestReplica(uri);
          Connection ordinary = MySqlStoreUnderTest.connect(uri)) {
        Grant held = replica.acquire("held");
        if (hoursAhead(ordinary) != 0 || Instant.now().isAfter(summer)) {
          return false;
        }
        await().atMost(PATIENCE).until(() -> Instant.now().isAfter(summer));
        assertStands(replica, held);
        shortLease(replica, "over summer's end");
        if (hoursAhead(ordinary) != 1) {
          return false;
        }
        await().atMost(PATIENCE.plus(lead)).until(() -> hoursAhead(ordinary) == 0);
        assertEnds(replica, "over summer's end");
        assertStands(replica, held);
        return true;
      }
    }
  }

  private static void shortLease(TestReplica replica, String lock) {
    Claim template = claim(lock);
    assertThat(
            answer(
                replica
                    .backend()
                    .tryAcquire(
                        new Claim(template.lock(), template.id(), SHORT, template.claimant()),
                        QueueIntent.NONE)))
        .isInstanceOf(Attempt.Granted.class);
  }

  private static void assertEnds(TestReplica replica, String lock) {
    Claim next =
        new Claim(
            new LockName(lock),
            new ClaimId(UUID.randomUUID().toString()),
            SHORT,
            claim(lock).claimant());
    await()
        .atMost(SHORT.ttl().plusSeconds(5))
        .until(
            () ->
                answer(replica.backend().tryAcquire(next, QueueIntent.NONE))
                    instanceof Attempt.Granted);
  }

  private static void assertStands(TestReplica replica, Grant held) {
    assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    LockStatus.Held status =
        (LockStatus.Held)
            answer(replica.backend().describe(List.of(held.ref().lock()))).get(0).status();
    assertThat(status.holder().remainingAtMost())
        .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(61));
  }

  /** Reads the offset of the zone in a session with the server's settings. */
  private static int hoursAhead(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW())")) {
      row.next();
      return row.getInt(1);
    }
  }

  /** Makes a POSIX zone that is an hour ahead of UTC for that length of time, and UTC otherwise. */
  private static String zone(Instant summer, Duration length) {
    // POSIX gives the end of summer in summer time.
    Instant end = summer.plus(length).plus(Duration.ofHours(1));
    return "WINTER0SUMMER-1," + rule(summer) + "," + rule(end);
  }

  private static String rule(Instant at) {
    ZonedDateTime local = at.atZone(ZoneOffset.UTC);
    return String.format(
        Locale.ROOT,
        "%d/%s",
        local.getDayOfYear() - 1,
        local.format(DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT)));
  }
}
