package dev.fencepost.backend.zookeeper.lock;

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
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;

/**
 * Fence marks: one node for each resource, written at the version that was read. A reset mark keeps
 * an empty node for {@code purge-after}. Otherwise versions would restart at 0 while a slow writer
 * still has an old one. A mark in use is written again before its retention ends, so that only
 * unused marks grow old. Safe for use by many threads.
 */
public final class FenceMarks {
  private static final int REFRESHES_PER_RETENTION = 4;

  private final ZookeeperSchema schema;
  private final List<ACL> acl;
  private final RequestGate gate;
  private final LockReader reader;
  private final Duration retention;

  public FenceMarks(
      ZookeeperSchema schema,
      List<ACL> acl,
      RequestGate gate,
      LockReader reader,
      Duration retention) {
    this.retention = retention;
    this.schema = schema;
    this.acl = acl;
    this.gate = gate;
    this.reader = reader;
  }

  /** Returns the same marks with another retention. */
  public FenceMarks withRetention(Duration time) {
    return new FenceMarks(schema, acl, gate, reader, time);
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
    long dueMillis = mark.writtenMillis() + retention.toMillis() / REFRESHES_PER_RETENTION;
    return dueMillis > reader.clockMillis()
        ? CompletableFuture.completedFuture(true)
        // A refusal means that another replica wrote it, which is as good. After a failure the next
        // use tries again.
        : write(resource, mark, Long.toString(mark.value()), deadline)
            .exceptionally(error -> false);
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
              if (!reply.isRefused()) {
                return true;
              }
              return switch (reply.reason()) {
                case BADVERSION, NODEEXISTS -> false;
                case NONODE -> {
                  if (mark.version() >= 0) {
                    yield false;
                  }
                  throw ZookeeperErrors.of(reply.reason());
                }
                default -> throw ZookeeperErrors.of(reply.reason());
              };
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
