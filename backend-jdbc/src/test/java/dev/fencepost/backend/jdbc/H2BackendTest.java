package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class H2BackendTest {
  @TempDir Path folder;

  @Test
  void lock_isGrantedRefusedAndReleased() throws Exception {
    try (LockBackend backend =
        new JdbcBackendProvider().create(StoreSettings.of("h2:" + folder.resolve("data")))) {
      Replica self = new Replica(ReplicaId.of(1), "localhost:7420", Replica.Phase.SERVING);
      StoreInfo info = answer(backend.open(self, lock -> {}));
      assertThat(info.replicas()).containsExactly(self);
      LockName lock = new LockName("orders/42");
      Grant grant =
          answer(backend.tryAcquire(claim(lock, 'a'), Line.NONE))
              .fold(
                  Attempt.Granted::grant,
                  busy -> {
                    throw new AssertionError(busy);
                  });
      assertThat(answer(backend.tryAcquire(claim(lock, 'b'), Line.NONE)))
          .isInstanceOf(Attempt.Busy.class);
      assertThat(answer(backend.release(ReleaseOrder.of(grant.ref()))))
          .isEqualTo(new Release.Released());
      assertThat(answer(backend.tryAcquire(claim(lock, 'b'), Line.NONE)))
          .isInstanceOf(Attempt.Granted.class);
    }
  }

  private static Claim claim(LockName lock, char letter) {
    return new Claim(
        lock,
        new ClaimId(String.valueOf(letter).repeat(22)),
        Lease.of(Duration.ofSeconds(10)),
        Claimant.named("test"));
  }

  private static <T> T answer(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
