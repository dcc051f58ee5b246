package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import dev.fencepost.lock.spi.support.CallDeadline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;

/**
 * Fence marks: one node for each resource, written at the version that was read. A reset mark keeps
 * an empty node for {@code purge-after}. Otherwise versions would restart at 0 while a slow writer
 * still has an old one. A mark in use is written again before its retention ends, so that only
 * unused marks grow old. Safe for use by many threads.
 *
 * @param acl access rights of new nodes
 * @param reader knows the highest token
 * @param retention time for which an unused mark is kept at least
 */
public record FenceMarks(
    ZookeeperSchema schema,
    List<ACL> acl,
    RequestGate gate,
    LockReader reader,
    EnsembleClock clock,
    Duration retention) {
  private static final int REFRESHES_PER_RETENTION = 4;

  /** Returns the same marks with another retention. */
  public FenceMarks withRetention(Duration time) {
    return new FenceMarks(schema, acl, gate, reader, clock, time);
  }

  /** Checks a token and raises the mark; tries again while others write it, until the deadline. */
  public CompletableFuture<FenceAdvance> advance(
      ResourceName resource, FencingToken token, CallDeadline deadline) {
    return read(resource, deadline)
        .thenCompose(
            mark -> {
              long limit = FenceMarkRule.dayAfter(reader.presentToken());
              if (token.value() > limit) {
                return CompletableFuture.completedFuture(new FenceAdvance.TooFarAhead(limit));
              }
              FenceAdvance verdict = FenceMarkRule.verdict(mark.value(), token);
              return verdict instanceof FenceAdvance.Advanced
                  ? write(resource, mark, Long.toString(token.value()), deadline)
                      .thenCompose(
                          written ->
                              written
                                  ? CompletableFuture.completedFuture(verdict)
                                  : advance(resource, token, deadline))
                  : refresh(resource, mark, deadline).thenApply(done -> verdict);
            });
  }

  /** Deletes the mark's value; tries again while others write it, until the deadline. */
  public CompletableFuture<Optional<FencingToken>> reset(
      ResourceName resource, CallDeadline deadline) {
    return read(resource, deadline)
        .thenCompose(
            mark ->
                mark.value() == 0
                    ? CompletableFuture.completedFuture(Optional.empty())
                    : write(resource, mark, "", deadline)
                        .thenCompose(
                            written ->
                                written
                                    ? CompletableFuture.completedFuture(
                                        Optional.of(new FencingToken(mark.value())))
                                    : reset(resource, deadline)));
  }

  /** Writes the mark unchanged after a quarter of its retention. */
  private CompletableFuture<Boolean> refresh(
      ResourceName resource, StoredMark mark, CallDeadline deadline) {
    // A refusal means that another replica wrote it, which is as good. After a failure the next use
    // tries again.
    return clock.isOlder(mark.writtenMillis(), retention.dividedBy(REFRESHES_PER_RETENTION))
        ? write(resource, mark, Long.toString(mark.value()), deadline).exceptionally(error -> false)
        : CompletableFuture.completedFuture(true);
  }

  private CompletableFuture<StoredMark> read(ResourceName resource, CallDeadline deadline) {
    return gate.read(List.of(Op.getData(schema.mark(resource))), deadline)
        .thenApply(
            found -> {
              if (!(found.get(0) instanceof OpResult.GetDataResult data)) {
                return new StoredMark(0, -1, 0);
              }
              return new StoredMark(
                  value(resource, data.getData()),
                  data.getStat().getVersion(),
                  data.getStat().getMtime());
            });
  }

  private static long value(ResourceName resource, byte[] data) {
    String text = new String(data, StandardCharsets.US_ASCII);
    try {
      return text.isEmpty() ? 0 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new StoreException(
          Failure.STORE_ERROR, "the fence mark of \"" + resource + "\" cannot be read", e);
    }
  }

  /** Writes the mark; false if it has changed since it was read. */
  private CompletableFuture<Boolean> write(
      ResourceName resource, StoredMark mark, String text, CallDeadline deadline) {
    String path = schema.mark(resource);
    byte[] data = text.getBytes(StandardCharsets.US_ASCII);
    Op op =
        mark.version() < 0
            ? Op.create(path, data, acl, CreateMode.PERSISTENT)
            : Op.setData(path, data, mark.version());
    return gate.transact(List.of(op), deadline)
        .thenApply(
            reply -> {
              boolean isGone = reply.reason() == Code.NONODE && mark.version() >= 0;
              boolean hasChanged =
                  isGone || reply.reason() == Code.BADVERSION || reply.reason() == Code.NODEEXISTS;
              if (reply.isRefused() && !hasChanged) {
                throw ZookeeperErrors.of(reply.reason());
              }
              return !reply.isRefused();
            });
  }

  /**
   * A mark.
   *
   * @param version version of its node; -1 if there is no node
   * @param writtenMillis time of the last write, by the ensemble's clock
   */
  private record StoredMark(long value, int version, long writtenMillis) {}
}
