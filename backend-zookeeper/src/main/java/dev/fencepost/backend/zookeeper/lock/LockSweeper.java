package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.AsyncCalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * Scans all locks. Finds states that no living replica expires, and deletes locks and marks that
 * were unused for long. It lists a few buckets and reads a hundred locks at a time, so memory stays
 * bounded for any number of locks. Safe for use by many threads.
 */
public final class LockSweeper {
  /** Buckets in one listing: 10 MB with 100,000 locks of the longest names. */
  public static final int BUCKETS_AT_ONCE = 16;

  /**
   * Times after which unused nodes are deleted.
   *
   * @param locks for free locks and for marks that were reset
   * @param marks for fence marks
   */
  public record PurgeAges(Duration locks, Duration marks) {}

  private final ZookeeperSchema schema;
  private final RequestGate gate;
  private final LockReader reader;
  private final LockStateTimers stateTimers;
  private final LockNameCache existingLocks;
  private final EnsembleClock clock;

  public LockSweeper(
      ZookeeperSchema schema,
      RequestGate gate,
      LockReader reader,
      LockStateTimers stateTimers,
      LockNameCache existingLocks,
      EnsembleClock clock) {
    this.schema = schema;
    this.gate = gate;
    this.reader = reader;
    this.stateTimers = stateTimers;
    this.existingLocks = existingLocks;
    this.clock = clock;
  }

  /**
   * Lists the nodes of the locks in {@value #BUCKETS_AT_ONCE} buckets: sorted, bucket by bucket.
   */
  CompletableFuture<List<List<String>>> listNodes(int firstBucket) {
    List<String> parents = new ArrayList<>();
    for (int i = firstBucket; i < Math.min(NodeName.BUCKETS, firstBucket + BUCKETS_AT_ONCE); i++) {
      parents.add(schema.lockBucket(i));
    }
    return children(parents);
  }

  /** Reads every lock and passes the snapshots to the stateTimers, which takes over orphans. */
  public CompletableFuture<Boolean> findOrphans() {
    return findOrphans(0);
  }

  /**
   * Deletes locks and marks of {@value #BUCKETS_AT_ONCE} buckets that were unused for these times.
   */
  public CompletableFuture<Boolean> purge(int firstBucket, PurgeAges ages) {
    return scan(firstBucket, Optional.of(ages.locks()))
        .thenCompose(done -> purgeMarks(firstBucket, ages));
  }

  private CompletableFuture<Boolean> findOrphans(int firstBucket) {
    return firstBucket >= NodeName.BUCKETS
        ? CompletableFuture.completedFuture(true)
        : scan(firstBucket, Optional.empty())
            .thenCompose(done -> findOrphans(firstBucket + BUCKETS_AT_ONCE));
  }

  private CompletableFuture<Boolean> scan(int firstBucket, Optional<Duration> idleFor) {
    return listNodes(firstBucket)
        .thenCompose(
            buckets -> {
              List<LockName> locks = new ArrayList<>();
              for (int i = 0; i < buckets.size(); i++) {
                int bucket = firstBucket + i;
                buckets.get(i).stream()
                    .flatMap(node -> reader.lockAt(bucket, node).stream())
                    .forEach(locks::add);
              }
              return scan(locks, 0, idleFor);
            });
  }

  private CompletableFuture<Boolean> scan(
      List<LockName> locks, int from, Optional<Duration> idleFor) {
    if (from >= locks.size()) {
      return CompletableFuture.completedFuture(true);
    }
    int to = Math.min(locks.size(), from + LockReader.MAX_LOCKS_PER_READ);
    return reader
        .snapshots(locks.subList(from, to))
        .thenCompose(
            snapshots -> {
              snapshots.forEach(stateTimers::trackIfOrphan);
              return idleFor
                  .map(time -> deleteIdle(snapshots, time))
                  .orElseGet(() -> CompletableFuture.completedFuture(true));
            })
        .thenCompose(done -> scan(locks, to, idleFor));
  }

  private CompletableFuture<Boolean> deleteIdle(List<LockSnapshot> snapshots, Duration idleFor) {
    List<Op> deletions = new ArrayList<>();
    for (LockSnapshot snapshot : snapshots) {
      if (snapshot.stored().isPresent() && snapshot.kind() == StateKind.IDLE) {
        Stat stat = snapshot.stored().orElseThrow().stat();
        if (isOlder(stat.getMtime(), idleFor)) {
          deletions.add(Op.delete(schema.lock(snapshot.lock()), stat.getVersion()));
          existingLocks.set(snapshot.lock(), false);
        }
      }
    }
    return deleteAll(deletions);
  }

  private CompletableFuture<Boolean> purgeMarks(int firstBucket, PurgeAges ages) {
    List<String> parents = new ArrayList<>();
    for (int i = firstBucket; i < Math.min(NodeName.BUCKETS, firstBucket + BUCKETS_AT_ONCE); i++) {
      parents.add(schema.markBucket(i));
    }
    return children(parents)
        .thenCompose(
            nodes -> {
              List<String> paths = new ArrayList<>();
              for (int i = 0; i < parents.size(); i++) {
                String parent = parents.get(i);
                int bucket = firstBucket + i;
                nodes.get(i).stream()
                    .filter(node -> schema.isMark(bucket, node))
                    .forEach(node -> paths.add(parent + "/" + node));
              }
              return purgeMarks(paths, 0, ages);
            });
  }

  private CompletableFuture<Boolean> purgeMarks(List<String> all, int from, PurgeAges ages) {
    if (from >= all.size()) {
      return CompletableFuture.completedFuture(true);
    }
    int to = Math.min(all.size(), from + LockReader.MAX_LOCKS_PER_READ);
    List<String> paths = all.subList(from, to);
    return gate.read(paths.stream().map(Op::getData).toList())
        .thenCompose(
            found -> {
              List<Op> deletions = new ArrayList<>();
              for (int i = 0; i < found.size(); i++) {
                if (found.get(i) instanceof OpResult.GetDataResult data
                    && isOlder(
                        data.getStat().getMtime(),
                        data.getData().length == 0 ? ages.locks() : ages.marks())) {
                  deletions.add(Op.delete(paths.get(i), data.getStat().getVersion()));
                }
              }
              return deleteAll(deletions);
            })
        .thenCompose(done -> purgeMarks(all, to, ages));
  }

  /**
   * Deletes all nodes in one transaction, or else each one alone. So a node that was used meanwhile
   * protects only itself.
   */
  private CompletableFuture<Boolean> deleteAll(List<Op> deletions) {
    if (deletions.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    return gate.transact(deletions, gate.newDeadline())
        .thenCompose(
            reply -> {
              if (!reply.isRefused() || deletions.size() == 1) {
                return CompletableFuture.completedFuture(true);
              }
              List<CompletableFuture<MultiResult>> each = new ArrayList<>();
              deletions.forEach(
                  deletion -> each.add(gate.transact(List.of(deletion), gate.newDeadline())));
              return AsyncCalls.all(each).thenApply(done -> true);
            });
  }

  private boolean isOlder(long millis, Duration idleFor) {
    return TimeUnit.NANOSECONDS.toMillis(clock.nowNanos()) - millis >= idleFor.toMillis();
  }

  private CompletableFuture<List<List<String>>> children(List<String> parents) {
    return gate.read(parents.stream().map(Op::getChildren).toList())
        .thenApply(found -> found.stream().map(LockSweeper::sorted).toList());
  }

  private static List<String> sorted(OpResult found) {
    return found instanceof OpResult.GetChildrenResult children
        ? children.getChildren().stream().sorted().toList()
        : List.of();
  }
}
