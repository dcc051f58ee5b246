package dev.fencepost.backend.jdbc.connection;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.fencepost.backend.jdbc.JdbcBackendProvider;
import dev.fencepost.backend.jdbc.TestReplica;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A database that gives its user fewer connections than a replica asks for. */
abstract class FewConnections {
  /** One connection for each kind of call. */
  private static final int MIN_CONNECTIONS = 4;

  private static final int ALL_CONNECTIONS = 7;

  /** The URI of a store on the database, as the limited user. */
  abstract String uri();

  /** Sets the connection limit of the user. */
  abstract void limit(int connections);

  /** Ends all connections of the user. */
  abstract void endConnections();

  /** Text in the database's message when it refuses a connection. */
  abstract String refusal();

  @BeforeEach
  @AfterEach
  final void liftTheLimit() {
    limit(100);
  }

  @Test
  void tooFewConnections_leaveTheReplicaUnready_andLogTheDatabasesMessage() {
    Logger logger = (Logger) LoggerFactory.getLogger(OutageLoggingDataSource.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    for (int few : new int[] {1, MIN_CONNECTIONS - 1}) {
      limit(few);
      StoreSettings settings = new StoreSettings(uri(), Duration.ofSeconds(1), Map.of());
      try (LockBackend backend = new JdbcBackendProvider().create(settings)) {
        Replica self = new Replica(ReplicaId.of(few), "host:1", Replica.Phase.SERVING);
        assertThat(failure(backend.open(self, lock -> {}))).isEqualTo(Failure.STORE_UNREACHABLE);
      }
    }
    logger.detachAppender(logged);
    assertThat(logged.list).anyMatch(event -> event.getFormattedMessage().contains(refusal()));
  }

  @Test
  void oneConnectionForEachKindOfCall_isEnough() {
    for (int connections = MIN_CONNECTIONS; connections <= ALL_CONNECTIONS; connections++) {
      limit(connections);
      try (TestReplica replica = new TestReplica(uri())) {
        Grant grant = replica.acquire("enough/" + connections);
        assertThat(answer(replica.backend().renew(grant.ref())))
            .isInstanceOf(Renewal.Renewed.class);
        assertThat(answer(replica.backend().release(ReleaseCommand.of(grant.ref()))))
            .isEqualTo(new Release.Released());
        assertThat(answer(replica.backend().info()).replicas()).hasSize(1);
      }
    }
  }

  @Test
  void lastConnections_goToOwners_andNoClaimIsGrantedWithoutOne() {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant grant = replica.acquire("kept");
      for (int few : new int[] {3, 2, 1}) {
        limit(few);
        endConnections();
        awaitRenewal(replica, grant);
        await().atMost(Duration.ofSeconds(30)).until(() -> !isReady(replica));
        assertThat(answer(replica.backend().renew(grant.ref())))
            .isInstanceOf(Renewal.Renewed.class);
      }
      assertThat(failure(replica.backend().tryAcquire(claim("none left"), QueueIntent.NONE)))
          .isEqualTo(Failure.STORE_UNREACHABLE);
      assertThat(answer(replica.backend().release(ReleaseCommand.of(grant.ref()))))
          .isEqualTo(new Release.Released());
      limit(100);
      await().atMost(Duration.ofSeconds(30)).until(() -> isReady(replica));
      replica.acquire("again");
    }
  }

  private static boolean isReady(TestReplica replica) {
    return answer(replica.backend().info().handle((info, failure) -> failure == null));
  }

  private static void awaitRenewal(TestReplica replica, Grant grant) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(30))
        .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
  }
}
