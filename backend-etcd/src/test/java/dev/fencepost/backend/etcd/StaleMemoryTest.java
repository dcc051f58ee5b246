package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A replica that was cut off confirms nothing from its cache when it is back. */
final class StaleMemoryTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private final String uri = ETCD.uri("stale");
  private TcpProxy proxy;

  @BeforeEach
  void open() {
    proxy = new TcpProxy(ETCD.port());
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  private EtcdTestReplica throughProxy() {
    return new EtcdTestReplica("etcd://127.0.0.1:" + proxy.port() + "/stale");
  }

  @Test
  void waiterWhoseReplicaWasCutOff_isNotGrantedWhatAnotherTookMeanwhile() {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica other = new EtcdTestReplica(uri);
        EtcdTestReplica away = throughProxy()) {
      Grant held = holder.acquire("cut-off");
      Claim waiting = claim("cut-off");
      assertThat(away.attempt(waiting, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);
      proxy.refuse();
      holder.release(held);
      // Its turn begins and expires.
      Claim next = claim("cut-off");
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> other.attempt(next, QueueIntent.JOIN) instanceof Attempt.Granted);
      proxy.resume();
      assertThat(away.attempt(waiting, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);
      assertThat(other.attempt(next, QueueIntent.NONE)).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void holderWhoseReplicaWasCutOff_isToldThatAnotherHolds() {
    try (EtcdTestReplica other = new EtcdTestReplica(uri);
        EtcdTestReplica away = throughProxy()) {
      Grant former = away.acquire("taken");
      proxy.refuse();
      answer(
          other
              .backend()
              .forceRelease(
                  new ForceReleaseCommand(
                      former.ref().lock(), "away", Optional.empty(), Optional.of(Duration.ZERO))));
      Grant present = other.acquire("taken");
      proxy.resume();
      HandOver passed =
          await()
              .atMost(Duration.ofSeconds(20))
              .ignoreExceptionsInstanceOf(EtcdException.class)
              .until(
                  () ->
                      answer(
                          away.backend().handOver(former.ref(), claim("taken"), QueueIntent.JOIN)),
                  done -> true);
      assertThat(passed.ended()).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
      assertThat(passed.got()).isInstanceOf(Attempt.Busy.class);
      assertThat(answer(away.backend().renew(former.ref()))).isInstanceOf(Renewal.Lost.class);
      assertThat(answer(away.backend().release(ReleaseCommand.of(former.ref()))))
          .isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
      assertThat(answer(other.backend().renew(present.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }
}
