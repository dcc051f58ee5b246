package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.spi.support.AsyncCalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * Scans all locks. Finds states that no living replica expires, and deletes locks and marks that
 * were unused for long. It lists a few buckets and reads a hundred locks at a time, so memory stays
 * bounded for any number of locks. Safe for use by many threads.
 *
 * @param stateTimers takes over orphans
 * @param existingLocks locks whose node is believed to exist
 */
public record LockSweeper(
    ZookeeperSchema schema,
    RequestGate gate,
    LockReader reader,
    LockStateTimers stateTimers,
    LockNameCache existingLocks,
    EnsembleClock clock) {

  /** Buckets in one listing: 10 MB with 100,000 locks of the longest names. */
  public static final int BUCKETS_AT_ONCE = 16;

  /**
   * Times after which unused nodes are deleted.
   *
   * @param locks for free locks and for marks that were reset
   * @param marks for fence marks
   */
  public record PurgeAges(Duration locks, Duration marks) {}

  /** A node of a bucket. */
  record BucketNode(int bucket, String node) {}

  /** Lists the locks' nodes in {@value #BUCKETS_AT_ONCE} buckets: sorted, bucket by bucket. */
  CompletableFuture<List<BucketNode>> listNodes(int firstBucket) {
    return list(firstBucket, schema::lockBucket);
  }

  /** Reads every lock and passes the snapshots to the timers, which take over orphans. */
  public CompletableFuture<Boolean> findOrphans() {
    return findOrphans(0);
  }

  /**
   * Deletes locks and marks of {@value #BUCKETS_AT_ONCE} buckets that were unused for these times.
   */
  public CompletableFuture<Boolean> purge(int firstBucket, PurgeAges ages) {
    return scan(firstBucket, snapshots -> deleteIdle(snapshots, ages.locks()))
        .thenCompose(done -> list(firstBucket, schema::markBucket))
        .thenCompose(
            nodes ->
                inChunks(
                    nodes.stream()
                        .filter(each -> schema.isMark(each.bucket(), each.node()))
                        .map(each -> schema.markBucket(each.bucket()) + "/" + each.node())
                        .toList(),
                    paths -> deleteOldMarks(paths, ages)));
  }

  private CompletableFuture<Boolean> findOrphans(int firstBucket) {
    return firstBucket >= NodeName.BUCKETS
        ? CompletableFuture.completedFuture(true)
        : scan(firstBucket, snapshots -> CompletableFuture.completedFuture(true))
            .thenCompose(done -> findOrphans(firstBucket + BUCKETS_AT_ONCE));
  }

  /** Reads the locks of {@value #BUCKETS_AT_ONCE} buckets, and does this with them. */
  private CompletableFuture<Boolean> scan(
      int firstBucket, Function<List<LockSnapshot>, CompletableFuture<Boolean>> action) {
    return listNodes(firstBucket)
        .thenCompose(
            nodes ->
                inChunks(
                    nodes.stream()
                        .flatMap(each -> reader.lockAt(each.bucket(), each.node()).stream())
                        .toList(),
                    locks ->
                        reader
                            .snapshots(locks)
                            .thenCompose(
                                snapshots -> {
                                  snapshots.forEach(stateTimers::trackIfOrphan);
                                  return action.apply(snapshots);
                                })));
  }

  /** Does this with as many items as fit into one read, then with the next ones. */
  private static <T> CompletableFuture<Boolean> inChunks(
      List<T> items, Function<List<T>, CompletableFuture<Boolean>> action) {
    if (items.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    int size = Math.min(items.size(), LockReader.MAX_LOCKS_PER_READ);
    return action
        .apply(items.subList(0, size))
        .thenCompose(done -> inChunks(items.subList(size, items.size()), action));
  }

  private CompletableFuture<Boolean> deleteIdle(List<LockSnapshot> snapshots, Duration idleFor) {
    List<Op> deletions = new ArrayList<>();
    for (LockSnapshot snapshot : snapshots) {
      if (snapshot.stored().isPresent() && snapshot.kind() == StateKind.IDLE) {
        Stat stat = snapshot.stored().orElseThrow().stat();
        if (clock.isOlder(stat.getMtime(), idleFor)) {
          deletions.add(Op.delete(schema.lock(snapshot.lock()), stat.getVersion()));
          existingLocks.set(snapshot.lock(), false);
        }
      }
    }
    return deleteAll(deletions);
  }

  private CompletableFuture<Boolean> deleteOldMarks(List<String> paths, PurgeAges ages) {
    return gate.read(paths.stream().map(Op::getData).toList())
        .thenCompose(
            found -> {
              List<Op> deletions = new ArrayList<>();
              for (int i = 0; i < found.size(); i++) {
                if (found.get(i) instanceof OpResult.GetDataResult data
                    && clock.isOlder(
                        data.getStat().getMtime(),
                        data.getData().length == 0 ? ages.locks() : ages.marks())) {
                  deletions.add(Op.delete(paths.get(i), data.getStat().getVersion()));
                }
              }
              return deleteAll(deletions);
            });
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

  private CompletableFuture<List<BucketNode>> list(int first, IntFunction<String> path) {
    int end = Math.min(NodeName.BUCKETS, first + BUCKETS_AT_ONCE);
    return gate.read(IntStream.range(first, end).mapToObj(path).map(Op::getChildren).toList())
        .thenApply(
            found -> {
              List<BucketNode> nodes = new ArrayList<>();
              for (int i = 0; i < found.size(); i++) {
                int bucket = first + i;
                if (found.get(i) instanceof OpResult.GetChildrenResult children) {
                  children.getChildren().stream()
                      .sorted()
                      .forEach(node -> nodes.add(new BucketNode(bucket, node)));
                }
              }
              return nodes;
            });
  }
}
