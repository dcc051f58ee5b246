package dev.fencepost.core;

import dev.fencepost.core.simulation.ForwardingBackend;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.testkit.model.ModelCaller;
import dev.fencepost.testkit.model.ModelServer;
import dev.fencepost.testkit.model.ModelStore;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * One lock, one claim id, and three callers who all know it, each on a replica of its own: its
 * maker, another principal that replays it, and the maker under its later name. A turn lets a
 * caller send its next command, or a repetition of it, and executes that at the store.
 */
final class ReplayedClaimRun {
  private static final LockName LOCK = new LockName("orders/42");
  private static final ClaimId ID = new ClaimId("claim-that-several-callers-know");
  private static final Lease LEASE = Lease.of(Duration.ofSeconds(10));
  private static final ModelCaller REPLICA = ModelCaller.of(ReplicaId.of(1));

  /** A fault of the comparison. */
  enum PrincipalFault {
    /** The comparison is sound. */
    NONE,
    /** The step of a renewal or a release compares no principal. */
    STEP_IGNORES_PRINCIPAL,
    /** An acquire compares no principal. */
    ACQUIRE_IGNORES_PRINCIPAL,
    /** The principal is compared by a read before the step. */
    COMPARED_BEFORE_THE_STEP,
    /** A repetition names no principal, and so ends whatever stands. */
    REPETITION_NAMES_NOBODY
  }

  /** A caller, with the principals that it may act for. */
  private enum Caller {
    MAKER("orders"),
    REPLAYER("billing"),
    RENAMED("shop");

    private final String principal;

    Caller(String principal) {
      this.principal = principal;
    }

    private boolean mayActFor(String recorded) {
      return recorded.equals(principal) || (this == RENAMED && recorded.equals(MAKER.principal));
    }
  }

  /** Choices of one turn: a caller, or the end of the lease. */
  static final int CHOICES = Caller.values().length + 1;

  private final PrincipalFault fault;
  private final Map<Caller, Deque<Runnable>> steps = new EnumMap<>(Caller.class);
  private final Map<Caller, Integer> commands = new EnumMap<>(Caller.class);
  private final List<String> breaches = new ArrayList<>();
  private long nowMicros = 1_800_000_000_000_000L;
  private final ModelServer server = new ModelServer(() -> nowMicros, Runnable::run);

  ReplayedClaimRun(PrincipalFault fault) {
    this.fault = fault;
    for (Caller caller : Caller.values()) {
      steps.put(caller, new ArrayDeque<>());
      commands.put(caller, 0);
    }
  }

  /** Runs the turns of a schedule, the digits of a number, and returns the breaches. */
  List<String> run(int schedule, int turns) {
    int left = schedule;
    for (int i = 0; i < turns; i++) {
      nowMicros++;
      int choice = left % CHOICES;
      left /= CHOICES;
      if (choice == CHOICES - 1) {
        nowMicros += LEASE.ttl().toNanos() / 1000;
      } else {
        takeTurn(Caller.values()[choice]);
      }
    }
    return breaches;
  }

  private void takeTurn(Caller caller) {
    Deque<Runnable> own = steps.get(caller);
    if (own.isEmpty()) {
      send(caller, commands.merge(caller, 1, Integer::sum));
    }
    LockRecord before = record();
    boolean isHeld = before.stateAt(nowMicros).status() instanceof LockStatus.Held;
    own.remove().run();
    String principal = principalOf(before);
    if (isHeld
        && !caller.mayActFor(principal)
        && !before.ownership().equals(record().ownership())) {
      breaches.add(caller + " changed a grant of " + principal);
    }
  }

  private void send(Caller caller, int number) {
    LockStore store = new ComparingStore(caller);
    MakerCheck makers = caller::mayActFor;
    FencingToken present = new FencingToken(Math.max(1, record().token()));
    GrantRef grant = new GrantRef(LOCK, ID, present, caller.principal);
    if (number % 3 == 1 && caller != Caller.RENAMED) {
      store.tryAcquire(claim(caller), QueueIntent.NONE).thenAccept(got -> check(caller, got));
    } else if (number % 3 == 2) {
      MakerSteps.renew(store, grant, makers, MakerSteps.MAX_REPEATS);
    } else {
      ReleaseCommand withdrawal = ReleaseCommand.withdrawal(LOCK, ID).madeBy(caller.principal);
      MakerSteps.release(store, withdrawal, makers);
    }
  }

  private void check(Caller caller, Attempt attempt) {
    if (attempt instanceof Attempt.Granted granted
        && !granted.grant().ref().principal().equals(caller.principal)) {
      breaches.add(caller + " was given " + granted.grant().ref());
    }
  }

  private static Claim claim(Caller caller) {
    return new Claim(
        LOCK, ID, LEASE, new Claimant("test", caller.principal, LockMode.EXCLUSIVE, Map.of()));
  }

  private LockRecord record() {
    return server.within(store -> store.record(LOCK));
  }

  private static String principalOf(LockRecord record) {
    return record.ownership().map(each -> each.claimant().principal()).orElse("");
  }

  /** The store as a caller's replica reaches it, with the fault of the run. */
  private final class ComparingStore extends ForwardingBackend {
    private final Caller caller;

    ComparingStore(Caller caller) {
      super(server.newBackend());
      this.caller = caller;
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return step(
          store -> {
            boolean stands = principalOf(record()).equals("orders");
            boolean ignores = fault == PrincipalFault.ACQUIRE_IGNORES_PRINCIPAL && stands;
            return store.tryAcquire(REPLICA, ignores ? claim(Caller.MAKER) : claim, intent);
          });
    }

    @Override
    public CompletionStage<Renewal> renew(GrantRef grant) {
      return compared(
          grant.principal(),
          store -> store.renew(REPLICA, grant.madeBy(principal(grant.principal()))),
          Renewal.ForeignGrant::new);
    }

    @Override
    public CompletionStage<Release> release(ReleaseCommand order) {
      return compared(
          order.principal(),
          store -> store.release(REPLICA, order.madeBy(principal(order.principal()))),
          Release.ForeignRelease::new);
    }

    /** Returns the principal that the step compares. */
    private String principal(String named) {
      boolean ignores =
          fault == PrincipalFault.STEP_IGNORES_PRINCIPAL
              || fault == PrincipalFault.COMPARED_BEFORE_THE_STEP
              || (fault == PrincipalFault.REPETITION_NAMES_NOBODY
                  && !named.equals(caller.principal));
      return ignores ? principalOf(record()) : named;
    }

    private <T> CompletionStage<T> compared(
        String named, Function<ModelStore, T> command, Function<OtherPrincipal, T> foreign) {
      if (fault != PrincipalFault.COMPARED_BEFORE_THE_STEP) {
        return step(command);
      }
      return step(store -> store.record(LOCK))
          .thenCompose(
              read -> {
                boolean differs = read.ownership().isPresent() && !principalOf(read).equals(named);
                FencingToken token = new FencingToken(Math.max(1, read.token()));
                return differs
                    ? CompletableFuture.completedStage(
                        foreign.apply(new OtherPrincipal(principalOf(read), token)))
                    : step(command);
              });
    }

    private <T> CompletionStage<T> step(Function<ModelStore, T> command) {
      CompletableFuture<T> answer = new CompletableFuture<>();
      steps.get(caller).add(() -> answer.complete(server.within(command)));
      return answer;
    }
  }
}
