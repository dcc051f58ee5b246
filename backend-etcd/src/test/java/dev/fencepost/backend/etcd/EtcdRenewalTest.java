package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Renewal;
import dev.fencepost.testkit.process.EtcdServer;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Renewals extend the grants that they should, and no others. */
final class EtcdRenewalTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void closing_lastsAsLongAsTheLeaseThatARenewalMayJustHaveExtended() {
    String uri = ETCD.uri("closing");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica holders = new EtcdTestReplica(uri);
        EtcdTestReplica administrators = new EtcdTestReplica(uri)) {
      Grant held = holders.acquire("configuration");
      LockName lock = held.ref().lock();
      long former = lease(client, lock);
      answer(
          administrators
              .backend()
              .forceRelease(
                  new ForceReleaseCommand(lock, "it hangs", Optional.empty(), Optional.empty())));
      assertThat(lease(client, lock)).isEqualTo(former);
      assertLost(answer(holders.backend().renew(held.ref())), LossReason.REVOKED);
    }
  }

  @Test
  void grantWhoseLeaseIsGone_isLost() {
    String uri = ETCD.uri("gone");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      Grant held = replica.acquire("migration");
      client.revoke(lease(client, held.ref().lock()));
      assertLost(answer(replica.backend().renew(held.ref())), LossReason.EXPIRED);
    }
  }

  @Test
  void grantOfAnotherReplica_isRenewedByALookAtIt() {
    String uri = ETCD.uri("elsewhere");
    try (EtcdTestReplica granter = new EtcdTestReplica(uri);
        EtcdTestReplica other = new EtcdTestReplica(uri)) {
      Grant held = granter.acquire("job");
      assertThat(answer(other.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(granter.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      other.release(held);
      assertLost(answer(granter.backend().renew(held.ref())), LossReason.RELEASED);
    }
  }

  private static void assertLost(Renewal renewal, LossReason reason) {
    assertThat(renewal).isInstanceOf(Renewal.Lost.class);
    assertThat(((Renewal.Lost) renewal).loss().reason()).isEqualTo(reason);
  }

  private static long lease(EtcdTestClient client, LockName lock) {
    return client.all(client.schema.lock(lock)).get(0).getLease();
  }
}
