package dev.fencepost.core.simulation;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;

/** Ways to break the path between a coordinator and its store; the checker has to detect each. */
enum Mutation {
  /** A held lock is granted again. */
  GRANTS_WHAT_IS_HELD("rule 1", GrantsWhatIsHeld::new),
  /** A new grant is given back because no caller seemed to want it. */
  GIVES_BACK("rule 11", GivesBack::new),
  /** Each attempt is sent twice. */
  SENDS_TWICE("rule 12", SendsTwice::new),
  /** A replica never lets others have their turn. */
  NEVER_YIELDS("rule 10", NeverYields::new),
  /** A waiter's attempts are swallowed. */
  NEVER_ANSWERS("rule 9", NeverAnswers::new),
  /** Renewals are confirmed from memory. */
  CONFIRMS_FROM_MEMORY("rule 1", ConfirmsFromMemory::new),
  /** Old states are shown again. */
  SHOWS_THE_PAST("rule 23", ShowsThePast::new);

  final String rule;

  @SuppressWarnings("ImmutableEnumChecker") // a constructor, without state
  final UnaryOperator<LockBackend> inject;

  Mutation(String rule, UnaryOperator<LockBackend> inject) {
    this.rule = rule;
    this.inject = inject;
  }

  private static final class GrantsWhatIsHeld extends ForwardingBackend {
    GrantsWhatIsHeld(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return sound.tryAcquire(claim, intent).thenApply(attempt -> grantAnyway(attempt, claim));
    }

    private static Attempt grantAnyway(Attempt attempt, Claim claim) {
      return attempt.fold(
          granted -> granted,
          busy ->
              new Attempt.Granted(
                  new Grant(
                      new GrantRef(
                          claim.lock(),
                          claim.id(),
                          busy.state().lastToken().orElse(new FencingToken(1))),
                      claim.lease(),
                      LockMode.EXCLUSIVE,
                      Grant.Origin.NEW)),
          foreign -> foreign);
    }
  }

  private static final class GivesBack extends ForwardingBackend {
    GivesBack(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return sound
          .tryAcquire(claim, intent)
          .whenComplete(
              (attempt, error) -> {
                if (attempt instanceof Attempt.Granted granted) {
                  sound.release(ReleaseCommand.of(granted.grant().ref()));
                }
              });
    }
  }

  private static final class SendsTwice extends ForwardingBackend {
    SendsTwice(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      CompletionStage<Attempt> first = sound.tryAcquire(claim, intent);
      return sound.tryAcquire(claim, intent).thenCombine(first, (second, ignored) -> second);
    }
  }

  private static final class NeverYields extends ForwardingBackend {
    NeverYields(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
      return sound.handOver(from, to, intent == QueueIntent.YIELD ? QueueIntent.STAY : intent);
    }
  }

  private static final class NeverAnswers extends ForwardingBackend {
    private int attempts;

    NeverAnswers(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return ++attempts % 20 == 0 ? new CompletableFuture<>() : sound.tryAcquire(claim, intent);
    }
  }

  private static final class ConfirmsFromMemory extends ForwardingBackend {
    private final Map<GrantRef, Grant> granted = new HashMap<>();

    ConfirmsFromMemory(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return sound
          .tryAcquire(claim, intent)
          .whenComplete(
              (attempt, error) -> {
                if (attempt instanceof Attempt.Granted got) {
                  granted.put(got.grant().ref(), got.grant());
                }
              });
    }

    @Override
    public CompletionStage<Renewal> renew(GrantRef grant) {
      return Optional.ofNullable(granted.get(grant))
          .<CompletionStage<Renewal>>map(
              known -> CompletableFuture.completedFuture(new Renewal.Renewed(known)))
          .orElseGet(() -> sound.renew(grant));
    }
  }

  private static final class ShowsThePast extends ForwardingBackend {
    private final Map<LockName, LockState> firstSeen = new HashMap<>();

    ShowsThePast(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
      return sound
          .describe(locks)
          .thenApply(
              states ->
                  states.stream()
                      .map(state -> firstSeen.computeIfAbsent(state.lock(), lock -> state))
                      .toList());
    }
  }
}
