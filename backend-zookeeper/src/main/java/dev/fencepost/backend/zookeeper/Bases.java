package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * The base of tokens in force. It is replaced whenever a connection was made: behind a lost one the
 * ensemble may have been wiped or restored, and transaction ids gone back. A new base is above
 * every token that this replica knows to be possible under the old one, and not below the
 * ensemble's clock. Safe for use by many threads.
 */
final class Bases {
  /**
   * Room for the transactions between a look and the write. Small, since each start adds it to the
   * tokens: an election in between only costs another look.
   */
  private static final long ROOM = 1_000_000;

  private static final int TRIES = 20;

  private final Layout layout;
  private final List<ACL> acl;
  private final ServerClock clock;
  private final Random random;
  private final AtomicLong highestSeen = new AtomicLong();
  private volatile @Nullable Base current;
  private @Nullable CompletableFuture<Base> underWay;

  Bases(Layout layout, List<ACL> acl, ServerClock clock, Random random) {
    this.layout = layout;
    this.acl = acl;
    this.clock = clock;
    this.random = random;
  }

  /** The base in force as far as known. */
  Base current() {
    Base base = current;
    if (base == null) {
      throw Trouble.unreachable();
    }
    return base;
  }

  /** No token above it can have been given to anybody before the handle's latest answer. */
  long presentToken(Handle handle) {
    return Math.max(
        Math.max(current().tokenAt(handle.lastZxid()), highestSeen.get()), clock.nowNanos());
  }

  void saw(long token) {
    if (token > highestSeen.get()) {
      highestSeen.accumulateAndGet(token, Math::max);
    }
  }

  /** Puts a new base in force. */
  CompletableFuture<Base> replace(Handle handle) {
    return once(() -> read(handle).thenCompose(found -> write(handle, found, TRIES)));
  }

  /** The base in force, after one was found not to be. */
  CompletableFuture<Base> reload(Handle handle, Base refused) {
    Base known = current;
    if (known != null && !known.equals(refused)) {
      return CompletableFuture.completedFuture(known);
    }
    return once(
        () ->
            read(handle)
                .thenCompose(
                    found ->
                        found
                            .only()
                            .filter(base -> isHighEnough(base, handle))
                            .map(CompletableFuture::completedFuture)
                            .orElseGet(() -> write(handle, found, TRIES))));
  }

  /** Not so if the store was lost and somebody who did not know its tokens began anew. */
  private boolean isHighEnough(Base base, Handle handle) {
    return base.tokenAt(Math.max(handle.lastZxid(), base.position())) >= highestSeen.get();
  }

  private synchronized CompletableFuture<Base> once(Supplier<CompletableFuture<Base>> work) {
    CompletableFuture<Base> running = underWay;
    if (running != null && !running.isDone()) {
      return running;
    }
    CompletableFuture<Base> begun =
        work.get()
            .thenApply(
                base -> {
                  current = base;
                  return base;
                });
    underWay = begun;
    return begun;
  }

  private CompletableFuture<Found> read(Handle handle) {
    return handle
        .look(layout.base(), List.of(Op.getData(layout.base()), Op.getChildren(layout.base())))
        .thenCompose(
            results -> {
              if (!(results.get(0) instanceof OpResult.GetDataResult parent)
                  || !(results.get(1) instanceof OpResult.GetChildrenResult children)) {
                throw Trouble.of(Reply.codeOf(results.get(0)));
              }
              int version = parent.getStat().getVersion();
              List<String> names = children.getChildren();
              if (names.isEmpty()) {
                return CompletableFuture.completedFuture(new Found(version, List.of()));
              }
              List<Op> reads = new ArrayList<>();
              names.forEach(name -> reads.add(Op.getData(layout.base(name))));
              return handle
                  .look(layout.base(), reads)
                  .thenApply(nodes -> new Found(version, bases(names, nodes)));
            });
  }

  private List<Node> bases(List<String> names, List<OpResult> nodes) {
    List<Node> found = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (nodes.get(i) instanceof OpResult.GetDataResult node) {
        String name = names.get(i);
        found.add(node(name, node));
      }
    }
    return found;
  }

  private Node node(String name, OpResult.GetDataResult node) {
    try {
      long value = Long.parseLong(name.substring(0, name.indexOf('-')));
      long limit = Long.parseLong(new String(node.getData(), StandardCharsets.US_ASCII));
      long position = node.getStat().getCzxid();
      // Where it came late, the base before it has given tokens beyond the room meanwhile.
      long late = Math.max(0, position - limit);
      return new Node(new Base(layout.base(name), value + late, position), late == 0);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      // Tokens could fall if this were passed over.
      throw new StoreException(
          Failure.STORE_ERROR, "the base of tokens has a form that this version cannot read", e);
    }
  }

  private CompletableFuture<Base> write(Handle handle, Found found, int triesLeft) {
    long zxid = handle.lastZxid();
    long value = Math.max(clock.nowNanos(), highestSeen.get() + ROOM);
    Base known = current;
    if (known != null && zxid >= known.position()) {
      value = Math.max(value, known.tokenAt(zxid) + ROOM);
    }
    List<Op> ops = new ArrayList<>();
    ops.add(Op.setData(layout.base(), new byte[0], found.version()));
    for (Node node : found.nodes()) {
      value = Math.max(value, node.base().tokenAt(Math.max(zxid, node.base().position())) + ROOM);
      ops.add(Op.delete(node.base().path(), -1));
    }
    String path = layout.base(value + "-" + Long.toHexString(random.nextLong()));
    byte[] limit = Long.toString(zxid + ROOM).getBytes(StandardCharsets.US_ASCII);
    ops.add(Op.create(path, limit, acl, CreateMode.PERSISTENT));
    ops.add(Op.setData(path, limit, -1));
    long chosen = value;
    return handle
        .transact(ops)
        .thenCompose(
            reply -> {
              if (!reply.isRefused()) {
                Stat stat = reply.stat(ops.size() - 1);
                Base made = new Base(path, chosen, stat.getCzxid());
                if (made.position() <= zxid + ROOM) {
                  return CompletableFuture.completedFuture(made);
                }
              }
              if (triesLeft == 0) {
                throw Trouble.of(reply.why());
              }
              return read(handle).thenCompose(again -> write(handle, again, triesLeft - 1));
            });
  }

  private record Node(Base base, boolean isWithinRoom) {}

  private record Found(int version, List<Node> nodes) {
    /** The one in force; none if there are none or it stands where its tokens could be too low. */
    Optional<Base> only() {
      return nodes.size() == 1 && nodes.get(0).isWithinRoom()
          ? Optional.of(nodes.get(0).base())
          : Optional.empty();
    }
  }
}
