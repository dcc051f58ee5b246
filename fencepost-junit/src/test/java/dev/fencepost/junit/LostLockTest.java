package dev.fencepost.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LossReason;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@FencepostTest
class LostLockTest {
  private static final String ORDER = "orders/42";
  private static final Duration WAIT = Duration.ofSeconds(20);
  private static final int SECONDS = 20;

  @Test
  void holder_isSeen(LockTestServer server, FencepostClient client) throws Exception {
    assertThat(server.holderOf(ORDER)).isEmpty();
    try (LockHandle lock = client.lock(ORDER).withOwner("me").acquire(WAIT)) {
      Holder holder = server.holderOf(ORDER).orElseThrow();
      assertThat(holder.claimant().owner()).isEqualTo("me");
      assertThat(holder.token()).isEqualTo(lock.token());
    }
  }

  @Test
  void expiredLease_isToldAndTheLockIsFree(LockTestServer server, FencepostClient client)
      throws Exception {
    LockHandle lock = client.lock(ORDER).acquire(WAIT);

    server.expire(ORDER);

    LockHandle next = client.lock(ORDER).tryAcquire().orElseThrow();
    assertThat(next.token()).isGreaterThan(lock.token());
    lock.lost().get(SECONDS, TimeUnit.SECONDS);
    assertThatThrownBy(lock::requireHeld).isInstanceOf(LockLostException.class);
  }

  @Test
  void expiredLease_isTheNextWaiters(LockTestServer server, FencepostClient client)
      throws Exception {
    LockHandle lock = client.lock(ORDER).acquire(WAIT);
    CompletableFuture<LockHandle> waiter = client.lock(ORDER).acquireAsync(WAIT);
    while (client.inspect(ORDER).get(SECONDS, TimeUnit.SECONDS).waiterCount() == 0) {
      Thread.onSpinWait();
    }

    server.expire(ORDER);

    assertThat(waiter.get(SECONDS, TimeUnit.SECONDS).isHeld()).isTrue();
    lock.lost().get(SECONDS, TimeUnit.SECONDS);
  }

  @Test
  void revokedGrant_isToldAndTheLockIsFree(LockTestServer server, FencepostClient client)
      throws Exception {
    LockHandle lock = client.lock(ORDER).acquire(WAIT);

    server.revoke(ORDER);

    assertThat(lock.lost().get(SECONDS, TimeUnit.SECONDS).reason()).isEqualTo(LossReason.REVOKED);
    assertThat(client.lock(ORDER).tryAcquire()).isPresent();
  }

  @Test
  void freeLock_cannotBeLost(LockTestServer server) {
    assertThatThrownBy(() -> server.expire(ORDER)).hasMessage("orders/42 is not held");
    assertThatThrownBy(() -> server.revoke(ORDER)).hasMessage("orders/42 is not held");
  }

  /** The holder of the textbook, which does not know that its lock is another's. */
  @Test
  void holderThatIsCutOff_isNotTold(LockTestServer server, FencepostClient client)
      throws Exception {
    LockHandle lock = client.lock(ORDER).withTtl(Duration.ofMinutes(10)).acquire(WAIT);

    server.partition();
    server.expire(ORDER);

    assertThat(server.holderOf(ORDER)).isEmpty();
    assertThat(lock.isHeld()).isTrue();
    server.heal();
    assertThatThrownBy(() -> renew(lock)).isInstanceOf(LockLostException.class);
  }

  @Test
  void holderThatIsCutOff_losesItsLockByItself(LockTestServer server, FencepostClient client)
      throws Exception {
    LockHandle lock = client.lock(ORDER).withTtl(Duration.ofSeconds(2)).acquire(WAIT);

    server.partition();

    assertThat(lock.lost().get(SECONDS, TimeUnit.SECONDS).reason()).isEqualTo(LossReason.EXPIRED);
    server.heal();
    assertThat(client.lock(ORDER).acquire(WAIT).isHeld()).isTrue();
  }

  /** Renews until a server answers. */
  private static void renew(LockHandle lock) throws InterruptedException {
    for (int i = 0; i < SECONDS; i++) {
      try {
        lock.renew();
        return;
      } catch (dev.fencepost.client.UnavailableException e) {
        assertThat(lock.isHeld()).isTrue();
      }
    }
  }
}
