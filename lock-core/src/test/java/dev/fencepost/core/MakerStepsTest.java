package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.simulation.ForwardingBackend;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.testkit.model.ModelServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Commands that are sent again for the maker on record. */
class MakerStepsTest {
  private static final FencingToken TOKEN = new FencingToken(5);
  private static final GrantRef GRANT =
      new GrantRef(new LockName("a"), new ClaimId("claim-of-the-maker-steps-test"), TOKEN, "shop");

  private final List<String> named = new ArrayList<>();

  @Test
  void callerWhoMayNot_isRefusedAfterOneStep() {
    CompletionStage<Renewal> renewal =
        MakerSteps.renew(new ChangingMaker(9), GRANT, MakerCheck.EXACT, MakerSteps.MAX_REPEATS);
    assertRefused(renewal);
    assertThat(named).containsExactly("shop");
  }

  @Test
  void callerWhoMay_namesThePrincipalOnRecord() {
    CompletionStage<Release> release =
        MakerSteps.release(new ChangingMaker(1), ReleaseCommand.of(GRANT), recorded -> true);
    assertThat(release.toCompletableFuture().join()).isEqualTo(new Release.Released());
    assertThat(named).containsExactly("shop", "maker-1");
  }

  @Test
  void principalThatAlwaysChanges_endsAfterTwoRepetitions() {
    CompletionStage<Release> release =
        MakerSteps.release(new ChangingMaker(9), ReleaseCommand.of(GRANT), recorded -> true);
    assertRefused(release);
    assertThat(named).containsExactly("shop", "maker-1", "maker-2");
  }

  private static void assertRefused(CompletionStage<?> stage) {
    assertThatThrownBy(() -> stage.toCompletableFuture().join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(OtherPrincipalException.class);
  }

  /** A store whose grant has another maker at each of the first commands. */
  private final class ChangingMaker extends ForwardingBackend {
    private final int changes;

    ChangingMaker(int changes) {
      super(sound());
      this.changes = changes;
    }

    private static LockBackend sound() {
      return ModelServer.direct().newBackend();
    }

    @Override
    public CompletionStage<Renewal> renew(GrantRef grant) {
      named.add(grant.principal());
      return CompletableFuture.completedStage(new Renewal.ForeignGrant(maker()));
    }

    @Override
    public CompletionStage<Release> release(ReleaseCommand order) {
      named.add(order.principal());
      return CompletableFuture.completedStage(
          named.size() <= changes ? new Release.ForeignRelease(maker()) : new Release.Released());
    }

    private OtherPrincipal maker() {
      return new OtherPrincipal("maker-" + named.size(), TOKEN);
    }
  }
}
