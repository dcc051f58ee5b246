package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.TokenBaseKeeper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;

/**
 * Manages the current base of tokens. Each new connection replaces it: after a lost connection, the
 * ensemble may have been wiped or restored, and transaction ids may have gone back. A new base is
 * above every token that this replica knows to be possible under the old one, and not below the
 * ensemble's clock. Safe for use by many threads.
 */
public final class TokenBaseManager {
  /**
   * Distance for the transactions between the read and the write. Small, because each start adds it
   * to the tokens. An election in between only costs another read.
   */
  private static final long SAFETY_DISTANCE = 1_000_000;

  private final ZookeeperSchema schema;
  private final List<ACL> acl;
  private final EnsembleClock clock;
  private final Random random;
  private final TokenBaseKeeper<TokenBase> keeper;

  public TokenBaseManager(
      ZookeeperSchema schema, List<ACL> acl, EnsembleClock clock, Random random) {
    this.schema = schema;
    this.acl = acl;
    this.clock = clock;
    this.random = random;
    this.keeper =
        new TokenBaseKeeper<>(
            clock::nowNanos,
            SAFETY_DISTANCE,
            () ->
                new StoreException(
                    Failure.STORE_ERROR, "the base of tokens changed at each try to replace it"));
  }

  /** Returns the current base as far as this replica knows. */
  TokenBase current() {
    return keeper.known().orElseThrow(ZookeeperErrors.FAILURES::unreachable);
  }

  /** Returns an upper bound of all tokens made before the client's latest answer. */
  long presentToken(ZookeeperClient client) {
    return Math.max(keeper.highestToken(client.lastZxid()), clock.nowNanos());
  }

  void recordToken(long token) {
    keeper.recordToken(token);
  }

  /** Writes a new base and makes it current. */
  public CompletionStage<TokenBase> replace(ZookeeperClient client) {
    return keeper.replace(
        least -> read(client).thenCompose(stored -> write(client, stored, least)));
  }

  /** Returns the current base after the ensemble refused one as outdated. */
  CompletionStage<TokenBase> reload(ZookeeperClient client, TokenBase refused) {
    Optional<TokenBase> known = keeper.known().filter(base -> !base.equals(refused));
    return known.isPresent()
        ? CompletableFuture.completedFuture(known.orElseThrow())
        : keeper.replace(
            least ->
                read(client)
                    .thenCompose(
                        stored -> {
                          Optional<TokenBase> usable =
                              stored.only().filter(base -> isHighEnough(base, client));
                          return usable.isPresent()
                              ? CompletableFuture.completedFuture(usable)
                              : write(client, stored, least);
                        }));
  }

  /** False if the store was lost and a replica that did not know its tokens has started again. */
  private boolean isHighEnough(TokenBase base, ZookeeperClient client) {
    long position = Math.max(client.lastZxid(), base.position());
    return base.tokenAt(position) >= keeper.highestToken(position);
  }

  private CompletableFuture<StoredBases> read(ZookeeperClient client) {
    return client
        .read(schema.base(), List.of(Op.getData(schema.base()), Op.getChildren(schema.base())))
        .thenCompose(
            results -> {
              if (!(results.get(0) instanceof OpResult.GetDataResult parent)
                  || !(results.get(1) instanceof OpResult.GetChildrenResult children)) {
                throw ZookeeperErrors.of(MultiResult.codeOf(results.get(0)));
              }
              int version = parent.getStat().getVersion();
              List<String> names = children.getChildren();
              if (names.isEmpty()) {
                return CompletableFuture.completedFuture(new StoredBases(version, List.of()));
              }
              List<Op> reads = new ArrayList<>();
              names.forEach(name -> reads.add(Op.getData(schema.base(name))));
              return client
                  .read(schema.base(), reads)
                  .thenApply(nodes -> new StoredBases(version, bases(names, nodes)));
            });
  }

  private List<BaseNode> bases(List<String> names, List<OpResult> nodes) {
    List<BaseNode> stored = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (nodes.get(i) instanceof OpResult.GetDataResult node) {
        String name = names.get(i);
        stored.add(node(name, node));
      }
    }
    return stored;
  }

  private BaseNode node(String name, OpResult.GetDataResult node) {
    try {
      long value = Long.parseLong(name.substring(0, name.indexOf('-')));
      long limit = Long.parseLong(new String(node.getData(), StandardCharsets.US_ASCII));
      long position = node.getStat().getCzxid();
      // A base that was written late: meanwhile the base before it made tokens beyond the distance.
      long late = Math.max(0, position - limit);
      return new BaseNode(new TokenBase(schema.base(name), value + late, position), late == 0);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      // Skipping it could make tokens fall.
      throw new StoreException(
          Failure.STORE_ERROR, "the base of tokens has a form that this version cannot read", e);
    }
  }

  /** Replaces all stored bases by a new one; empty if another write came in between. */
  private CompletableFuture<Optional<TokenBase>> write(
      ZookeeperClient client, StoredBases stored, long leastValue) {
    long zxid = client.lastZxid();
    long value = leastValue;
    TokenBase known = keeper.known().orElse(null);
    if (known != null && zxid >= known.position()) {
      value = Math.max(value, known.tokenAt(zxid) + SAFETY_DISTANCE);
    }
    List<Op> ops = new ArrayList<>();
    ops.add(Op.setData(schema.base(), new byte[0], stored.version()));
    for (BaseNode node : stored.nodes()) {
      value =
          Math.max(
              value, node.base().tokenAt(Math.max(zxid, node.base().position())) + SAFETY_DISTANCE);
      ops.add(Op.delete(node.base().path(), LockTxn.ANY_VERSION));
    }
    String path = schema.base(value + "-" + Long.toHexString(random.nextLong()));
    byte[] limit = Long.toString(zxid + SAFETY_DISTANCE).getBytes(StandardCharsets.US_ASCII);
    ops.add(Op.create(path, limit, acl, CreateMode.PERSISTENT));
    ops.add(Op.setData(path, limit, LockTxn.ANY_VERSION));
    long chosen = value;
    return client
        .transact(ops)
        .thenApply(
            reply -> {
              if (reply.isRefused()) {
                return switch (reply.reason()) {
                  case BADVERSION, NONODE, NODEEXISTS -> Optional.empty();
                  default -> throw ZookeeperErrors.of(reply.reason());
                };
              }
              TokenBase created =
                  new TokenBase(path, chosen, reply.stat(ops.size() - 1).getCzxid());
              return Optional.of(created).filter(base -> base.position() <= zxid + SAFETY_DISTANCE);
            });
  }

  private record BaseNode(TokenBase base, boolean isWithinDistance) {}

  private record StoredBases(int version, List<BaseNode> nodes) {
    /** Returns the only base; empty if there is none, several, or one that was written too late. */
    Optional<TokenBase> only() {
      return nodes.size() == 1 && nodes.get(0).isWithinDistance()
          ? Optional.of(nodes.get(0).base())
          : Optional.empty();
    }
  }
}
