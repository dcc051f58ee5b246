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
 * Some clients, one to three replicas and a store, from a seed: half a minute of work under
 * weather, then calm, then nobody comes any more and everything has to come to rest.
 */
final class Simulation {
  private static final CoordinatorSettings.Most MOST = new CoordinatorSettings.Most(1_000, 1 << 20);
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration WORK = Duration.ofSeconds(20);
  private static final Duration CALM = Duration.ofSeconds(10);
  private static final Duration REST = Duration.ofMinutes(2);

  final VirtualTime world;
  final InvariantChecker judge;
  final FaultProfile weather;
  final SimulatedStore store;
  private final CoordinatorSettings settings;
  private final UnaryOperator<LockBackend> flaw;
  private final List<SimulatedReplica> replicas = new ArrayList<>();
  private final List<LockName> locks = new ArrayList<>();
  private final long thinkMillis;
  private final long holdMillis;
  private final double shareOfDeaths;
  private final boolean routed;
  private boolean closing;

  Simulation(long seed, UnaryOperator<LockBackend> flaw) {
    this.world = new VirtualTime(seed);
    this.flaw = flaw;
    this.weather =
        switch (world.random.nextInt(5)) {
          case 0 -> FaultProfile.FAIR;
          case 1 -> FaultProfile.CALM;
          case 2 -> FaultProfile.DEAF;
          case 3 -> FaultProfile.FOG;
          default -> FaultProfile.STORM;
        };
    int replicaCount = 1 + world.random.nextInt(3);
    int maxRun = 2 + world.random.nextInt(6);
    this.thinkMillis = 1 + world.random.nextLong(200);
    this.holdMillis = 1 + world.random.nextLong(60);
    this.shareOfDeaths = weather.equals(FaultProfile.STORM) ? 0.02 : 0;
    this.settings = new CoordinatorSettings(maxRun, 1_000, MOST, MOST, Duration.ofSeconds(1));
    this.routed = world.random.nextBoolean();
    this.judge = new InvariantChecker(world, mostPassedOver(replicaCount, maxRun));
    this.store = new SimulatedStore(world, weather, judge);
    for (int i = 0; i < replicaCount; i++) {
      replicas.add(new SimulatedReplica(this, settings, flaw));
    }
    int lockCount = 1 + world.random.nextInt(2);
    for (int i = 0; i < lockCount; i++) {
      locks.add(new LockName("lock-" + i));
    }
  }

  /** The breaches of the rules; none in a sound coordinator. */
  List<String> run() {
    int clients = 2 + world.random.nextInt(15);
    for (int i = 0; i < clients; i++) {
      int home = Math.min(world.random.nextInt(4), replicas.size() - 1);
      new SimulatedClient(this, "client" + i, home).live();
    }
    for (int i = 0; i < weather.crashes(); i++) {
      world.schedule(Duration.ofMillis(world.random.nextLong(WORK.toMillis())), this::crashOne);
    }
    for (int i = 0; i < weather.pauses(); i++) {
      world.schedule(Duration.ofMillis(world.random.nextLong(WORK.toMillis())), this::pauseOne);
    }
    for (int i = 0; i < weather.outages(); i++) {
      Duration away = Duration.ofMillis(200 + world.random.nextLong(3_000));
      world.schedule(
          Duration.ofMillis(world.random.nextLong(WORK.toMillis())), () -> store.leaveFor(away));
    }
    WatchChecker picture = new WatchChecker(this, locks);
    world.run(WORK);
    store.heal();
    world.run(CALM);
    closing = true;
    world.run(REST);
    checkRest(picture);
    return judge.breaches;
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
    return locks.get(world.random.nextInt(locks.size()));
  }

  /** Routed clients stay with one replica, so that one may have many and another few. */
  SimulatedReplica replicaFor(int home) {
    return routed ? replicas.get(home) : anyReplica();
  }

  SimulatedReplica anyReplica() {
    return replicas.get(world.random.nextInt(replicas.size()));
  }

  boolean lives(SimulatedReplica replica) {
    return replicas.contains(replica);
  }

  /**
   * Grants elsewhere while a replica waits: each of the others has its run, and a few pass while
   * the place in the line is on its way. Clients that release through any replica start runs there,
   * too.
   */
  private int mostPassedOver(int replicaCount, int maxRun) {
    if (!weather.isFair()) {
      return Integer.MAX_VALUE;
    }
    int runs = routed ? replicaCount - 1 : replicaCount * replicaCount;
    return runs * maxRun + 10;
  }

  private void pauseOne() {
    anyReplica().pause(Duration.ofMillis(world.random.nextLong(LONGEST_PAUSE.toMillis())));
  }

  private void crashOne() {
    int which = world.random.nextInt(replicas.size());
    SimulatedReplica gone = replicas.get(which);
    replicas.set(which, new SimulatedReplica(this, settings, flaw));
    gone.crash();
    judge.forget(gone.id);
  }

  /** Rules 9 and 13: nobody is forgotten, and nothing is left over. */
  private void checkRest(WatchChecker picture) {
    judge.checkNobodyWaits();
    judge.check(judge.grants > 0, "void: nobody was ever granted a lock");
    List<ReplicaId> living = replicas.stream().map(replica -> replica.id).toList();
    for (LockState state : store.model.describe(locks)) {
      judge.check(state.holder().isEmpty(), "rule 11: %s is still held", state);
      // A state does not show the line of a lock that has been free for a while. An attempt that
      // is carried out late may leave a place there, which goes with its first turn.
      boolean isExact = weather.late() == 0;
      List<ReplicaId> line =
          isExact ? store.model.record(state.lock()).replicaQueue() : state.replicaQueue();
      judge.check(
          line.stream().noneMatch(living::contains), "rule 10: left in line %s: %s", line, state);
    }
    for (SimulatedReplica replica : replicas) {
      judge.check(replica.coordinator.waiterCount() == 0, "rule 20: waiters are still counted");
      judge.check(replica.coordinator.contendedLockCount() == 0, "rule 20: contests are left");
    }
    picture.check();
  }
}
