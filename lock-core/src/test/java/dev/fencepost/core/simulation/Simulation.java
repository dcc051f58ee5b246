package dev.fencepost.core.simulation;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A run with some clients, one to three replicas and a store, decided by a seed: half a minute of
 * work under faults, then calm, then no new calls until everything comes to rest.
 */
final class Simulation {
  private static final CoordinatorSettings.Most MOST = new CoordinatorSettings.Most(1_000, 1 << 20);
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration WORK = Duration.ofSeconds(20);
  private static final Duration CALM = Duration.ofSeconds(10);
  private static final Duration REST = Duration.ofMinutes(2);

  final VirtualTime time;
  final InvariantChecker checker;
  final FaultProfile faults;
  final SimulatedStore store;
  private final CoordinatorSettings settings;
  private final UnaryOperator<LockBackend> mutation;
  private final List<SimulatedReplica> replicas = new ArrayList<>();
  private final List<LockName> locks = new ArrayList<>();
  private final long thinkMillis;
  private final long holdMillis;
  private final double shareOfDeaths;
  private final boolean routed;
  private boolean closing;

  Simulation(long seed, UnaryOperator<LockBackend> mutation) {
    this.time = new VirtualTime(seed);
    this.mutation = mutation;
    this.faults =
        switch (time.random.nextInt(5)) {
          case 0 -> FaultProfile.FAIR;
          case 1 -> FaultProfile.CALM;
          case 2 -> FaultProfile.DEAF;
          case 3 -> FaultProfile.FOG;
          default -> FaultProfile.STORM;
        };
    int replicaCount = 1 + time.random.nextInt(3);
    int maxRun = 2 + time.random.nextInt(6);
    this.thinkMillis = 1 + time.random.nextLong(200);
    this.holdMillis = 1 + time.random.nextLong(60);
    this.shareOfDeaths = faults.equals(FaultProfile.STORM) ? 0.02 : 0;
    this.settings = new CoordinatorSettings(maxRun, 1_000, MOST, MOST, Duration.ofSeconds(1));
    this.routed = time.random.nextBoolean();
    this.checker = new InvariantChecker(time, mostPassedOver(replicaCount, maxRun));
    this.store = new SimulatedStore(time, faults, checker);
    for (int i = 0; i < replicaCount; i++) {
      replicas.add(new SimulatedReplica(this, settings, mutation));
    }
    int lockCount = 1 + time.random.nextInt(2);
    for (int i = 0; i < lockCount; i++) {
      locks.add(new LockName("lock-" + i));
    }
  }

  /** Runs it and returns the violations; none for a correct coordinator. */
  List<String> run() {
    int clients = 2 + time.random.nextInt(15);
    for (int i = 0; i < clients; i++) {
      int home = Math.min(time.random.nextInt(4), replicas.size() - 1);
      new SimulatedClient(this, "client" + i, home).live();
    }
    for (int i = 0; i < faults.crashes(); i++) {
      time.schedule(Duration.ofMillis(time.random.nextLong(WORK.toMillis())), this::crashOne);
    }
    for (int i = 0; i < faults.pauses(); i++) {
      time.schedule(Duration.ofMillis(time.random.nextLong(WORK.toMillis())), this::pauseOne);
    }
    for (int i = 0; i < faults.outages(); i++) {
      Duration away = Duration.ofMillis(200 + time.random.nextLong(3_000));
      time.schedule(
          Duration.ofMillis(time.random.nextLong(WORK.toMillis())), () -> store.leaveFor(away));
    }
    WatchChecker watchChecker = new WatchChecker(this, locks);
    time.run(WORK);
    store.heal();
    time.run(CALM);
    closing = true;
    time.run(REST);
    checkRest(watchChecker);
    return checker.breaches;
  }

  boolean isClosing() {
    return closing;
  }

  long thinkMillis() {
    return thinkMillis;
  }

  long holdMillis() {
    return holdMillis;
  }

  double shareOfDeaths() {
    return shareOfDeaths;
  }

  LockName anyLock() {
    return locks.get(time.random.nextInt(locks.size()));
  }

  /** Routed clients stay with one replica, so that one may have many and another few. */
  SimulatedReplica replicaFor(int home) {
    return routed ? replicas.get(home) : anyReplica();
  }

  SimulatedReplica anyReplica() {
    return replicas.get(time.random.nextInt(replicas.size()));
  }

  boolean lives(SimulatedReplica replica) {
    return replicas.contains(replica);
  }

  /**
   * Grants elsewhere while a replica waits: each other replica has its run, and a few more pass
   * while the place in the replica queue is being written. Clients that release through any replica
   * start runs there, too.
   */
  private int mostPassedOver(int replicaCount, int maxRun) {
    if (!faults.isFair()) {
      return Integer.MAX_VALUE;
    }
    int runs = routed ? replicaCount - 1 : replicaCount * replicaCount;
    return runs * maxRun + 10;
  }

  private void pauseOne() {
    anyReplica().pause(Duration.ofMillis(time.random.nextLong(LONGEST_PAUSE.toMillis())));
  }

  private void crashOne() {
    int which = time.random.nextInt(replicas.size());
    SimulatedReplica gone = replicas.get(which);
    replicas.set(which, new SimulatedReplica(this, settings, mutation));
    gone.crash();
    checker.forget(gone.id);
  }

  /** Rules 9 and 13: no waiter is forgotten, and nothing is left over. */
  private void checkRest(WatchChecker watchChecker) {
    checker.checkNobodyWaits();
    checker.check(checker.grants > 0, "void: nobody was ever granted a lock");
    List<ReplicaId> living = replicas.stream().map(replica -> replica.id).toList();
    for (LockState state : store.model.describe(locks)) {
      checker.check(state.holder().isEmpty(), "rule 11: %s is still held", state);
      // A state does not show the replica queue of a lock that has been free for a while. An
      // attempt that is executed late may leave a place there, which is removed at its first turn.
      boolean isExact = faults.late() == 0;
      List<ReplicaId> line =
          isExact ? store.model.record(state.lock()).replicaQueue() : state.replicaQueue();
      checker.check(
          line.stream().noneMatch(living::contains), "rule 10: left in line %s: %s", line, state);
    }
    for (SimulatedReplica replica : replicas) {
      checker.check(replica.coordinator.waiterCount() == 0, "rule 20: waiters are still counted");
      checker.check(replica.coordinator.contendedLockCount() == 0, "rule 20: contests are left");
    }
    watchChecker.check();
  }
}
