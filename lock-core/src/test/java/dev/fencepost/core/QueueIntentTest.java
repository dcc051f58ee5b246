package dev.fencepost.core;

import static dev.fencepost.core.CoordinatorFixture.LOCK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ReplicaId;
import org.junit.jupiter.api.Test;

/** The attempt after a wake-up also settles this replica's place: no second command is needed. */
final class QueueIntentTest {
  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);

  @Test
  void grantWithMoreWaiters_keepsTheReplicaQueued() {
    Grant holder = fixture.grabThrough(other);
    PendingAcquire first = fixture.waiter();
    fixture.waiter();
    fixture.commands.clear();
    fixture.finish(other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(first);
    assertThat(fixture.commands).containsExactly("release", "tryAcquire STAY");
    assertThat(fixture.finish(other.describe(LOCK)).replicaQueue()).contains(ReplicaId.of(7));
  }

  @Test
  void grantOfTheOnlyWaiter_givesThePlaceUp() {
    Grant holder = fixture.grabThrough(other);
    PendingAcquire only = fixture.waiter();
    fixture.commands.clear();
    fixture.finish(other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(only);
    assertThat(fixture.commands).containsExactly("release", "tryAcquire JOIN");
    assertThat(fixture.finish(other.describe(LOCK)).replicaQueue()).isEmpty();
  }
}
