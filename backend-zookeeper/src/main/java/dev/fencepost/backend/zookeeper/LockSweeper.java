package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.StateKind;
import dev.fencepost.lock.LockName;
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
 * Goes through all locks: finds those that nobody looks after any more, and forgets those that
 * nobody has used for long. A few buckets are listed at a time and a hundred locks read, so it
 * costs bounded memory however many there are. Safe for use by many threads.
 */
final class LockSweeper {
  /** Buckets that are listed at once: with 100,000 locks of the longest names 10 MB. */
  static final int GROUP = 16;

  /**
   * After what time something unused is forgotten.
   *
   * @param locks free locks, and marks that were reset
   * @param marks fence marks
   */
  record PurgeAges(Duration locks, Duration marks) {}

  private final ZookeeperSchema schema;
  private final RequestGate gate;
  private final LockReader reader;
  private final StateExpirer expirer;
  private final LockNameCache existingLocks;
  private final EnsembleClock clock;

  LockSweeper(
      ZookeeperSchema schema,
      RequestGate gate,
      LockReader reader,
      StateExpirer expirer,
      LockNameCache existingLocks,
      EnsembleClock clock) {
    this.schema = schema;
    this.gate = gate;
    this.reader = reader;
    this.expirer = expirer;
    this.existingLocks = existingLocks;
    this.clock = clock;
  }

  /** The names of the nodes of {@value #GROUP} buckets' locks, sorted, bucket by bucket. */
  CompletableFuture<List<List<String>>> nodes(int firstBucket) {
    List<String> parents = new ArrayList<>();
    for (int i = firstBucket; i < Math.min(NodeName.BUCKETS, firstBucket + GROUP); i++) {
      parents.add(schema.lockBucket(i));
    }
    return children(parents);
  }

  /** Looks at every lock; tells what nobody looks after to the expirer. */
  CompletableFuture<Boolean> findOrphans() {
    return findOrphans(0);
  }

  /** Looks at the locks and marks of {@value #GROUP} buckets, forgets what was idle so long. */
  CompletableFuture<Boolean> purge(int firstBucket, PurgeAges ages) {
    return visit(firstBucket, Optional.of(ages.locks()))
        .thenCompose(done -> purgeMarks(firstBucket, ages));
  }

  private CompletableFuture<Boolean> findOrphans(int firstBucket) {
    return firstBucket >= NodeName.BUCKETS
        ? CompletableFuture.completedFuture(true)
        : visit(firstBucket, Optional.empty())
            .thenCompose(done -> findOrphans(firstBucket + GROUP));
  }

  private CompletableFuture<Boolean> visit(int firstBucket, Optional<Duration> quiet) {
    return nodes(firstBucket)
        .thenCompose(nodes -> visit(nodes.stream().flatMap(List::stream).toList(), 0, quiet));
  }

  private CompletableFuture<Boolean> visit(List<String> nodes, int from, Optional<Duration> quiet) {
    if (from >= nodes.size()) {
      return CompletableFuture.completedFuture(true);
    }
    int to = Math.min(nodes.size(), from + LockReader.AT_ONCE);
    List<LockName> names =
        nodes.subList(from, to).stream()
            .flatMap(node -> NodeName.decode(node).stream())
            .map(LockName::new)
            .toList();
    return reader
        .snapshots(names)
        .thenCompose(
            snapshots -> {
              snapshots.forEach(expirer::found);
              return quiet
                  .map(time -> forget(snapshots, time))
                  .orElseGet(() -> CompletableFuture.completedFuture(true));
            })
        .thenCompose(done -> visit(nodes, to, quiet));
  }

  private CompletableFuture<Boolean> forget(List<LockSnapshot> snapshots, Duration quiet) {
    List<Op> deletions = new ArrayList<>();
    for (LockSnapshot snapshot : snapshots) {
      if (snapshot.stored().isPresent() && snapshot.kind() == StateKind.IDLE) {
        Stat stat = snapshot.stored().orElseThrow().stat();
        if (isOlder(stat.getMtime(), quiet)) {
          deletions.add(Op.delete(schema.lock(snapshot.lock()), stat.getVersion()));
          existingLocks.remove(snapshot.lock());
        }
      }
    }
    return deleteAll(deletions);
  }

  private CompletableFuture<Boolean> purgeMarks(int firstBucket, PurgeAges ages) {
    List<String> parents = new ArrayList<>();
    for (int i = firstBucket; i < Math.min(NodeName.BUCKETS, firstBucket + GROUP); i++) {
      parents.add(schema.markBucket(i));
    }
    return children(parents)
        .thenCompose(
            nodes -> {
              List<String> paths = new ArrayList<>();
              for (int i = 0; i < parents.size(); i++) {
                String parent = parents.get(i);
                nodes.get(i).forEach(node -> paths.add(parent + "/" + node));
              }
              return purgeMarks(paths, 0, ages);
            });
  }

  private CompletableFuture<Boolean> purgeMarks(List<String> all, int from, PurgeAges ages) {
    if (from >= all.size()) {
      return CompletableFuture.completedFuture(true);
    }
    int to = Math.min(all.size(), from + LockReader.AT_ONCE);
    List<String> paths = all.subList(from, to);
    return gate.look(paths.stream().map(Op::getData).toList())
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

  /** All at once, or else each alone: one that was used meanwhile keeps only itself. */
  private CompletableFuture<Boolean> deleteAll(List<Op> deletions) {
    if (deletions.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    return gate.transact(deletions)
        .thenCompose(
            reply -> {
              if (!reply.isRefused() || deletions.size() == 1) {
                return CompletableFuture.completedFuture(true);
              }
              List<CompletableFuture<MultiResult>> each = new ArrayList<>();
              deletions.forEach(deletion -> each.add(gate.transact(List.of(deletion))));
              return LockReader.joined(each).thenApply(done -> true);
            });
  }

  private boolean isOlder(long millis, Duration quiet) {
    return TimeUnit.NANOSECONDS.toMillis(clock.nowNanos()) - millis >= quiet.toMillis();
  }

  private CompletableFuture<List<List<String>>> children(List<String> parents) {
    return gate.look(parents.stream().map(Op::getChildren).toList())
        .thenApply(found -> found.stream().map(LockSweeper::sorted).toList());
  }

  private static List<String> sorted(OpResult found) {
    return found instanceof OpResult.GetChildrenResult children
        ? children.getChildren().stream().sorted().toList()
        : List.of();
  }
}
