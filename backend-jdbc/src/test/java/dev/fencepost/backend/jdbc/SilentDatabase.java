package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A database that accepts connections and sends no answers, or sends them late. */
abstract class SilentDatabase {
  private TcpProxy proxy;

  /** The port of the database. */
  abstract int port();

  /** The URI of a store on the database, through another port. */
  abstract String uri(int port);

  @BeforeEach
  final void startProxy() {
    proxy = new TcpProxy(port());
  }

  @AfterEach
  final void endProxy() {
    proxy.close();
  }

  @Test
  void silenceAtTheStart_endsInTime() {
    proxy.swallow(Direction.ANSWERS);
    StoreSettings settings = new StoreSettings(uri(proxy.port()), Duration.ofSeconds(2), Map.of());
    try (LockBackend backend = new JdbcBackendProvider().create(settings)) {
      Replica self = new Replica(ReplicaId.of(1), "host:1", Replica.Phase.SERVING);
      long begun = System.nanoTime();
      assertThat(failure(backend.open(self, lock -> {})))
          .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
      proxy.resume();
      assertThat(answer(backend.open(self, lock -> {})).replicas()).contains(self);
    }
  }

  @Test
  void silenceLater_isUnknownAndRecovers() {
    try (TestReplica replica = new TestReplica(uri(proxy.port()))) {
      Grant grant = replica.acquire("silent");
      proxy.swallow(Direction.ANSWERS);
      assertThat(failure(replica.backend().renew(grant.ref())))
          .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      assertThat(failure(replica.backend().info()))
          .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      proxy.resume();
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(Duration.ofSeconds(30))
          .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
    }
  }

  @Test
  void slowDatabase_isUsed() {
    new TestReplica(uri(port())).close();
    proxy.delay(Direction.ANSWERS, Duration.ofMillis(100));
    try (LockBackend backend =
        new JdbcBackendProvider().create(StoreSettings.of(uri(proxy.port())))) {
      Replica self = new Replica(ReplicaId.of(2), "host:2", Replica.Phase.SERVING);
      answer(backend.open(self, lock -> {}));
      Grant grant =
          TestReplica.granted(
              answer(backend.tryAcquire(TestReplica.claim("slow"), QueueIntent.NONE)));
      assertThat(answer(backend.renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(backend.release(ReleaseCommand.of(grant.ref()))))
          .isEqualTo(new Release.Released());
    }
  }
}
