package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.backend.zookeeper.lock.LockSweeper.BucketNode;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists one page of locks, in the order of buckets and of node names within each bucket. A page
 * reads no more than {@value #MAX_LOCKS_READ} locks. For one query; its steps run one after
 * another.
 */
public final class LockLister {
  private static final int MAX_LOCKS_READ = 10_000;
  private static final Pattern CURSOR = Pattern.compile("([0-9]{1,3}):(.*)", Pattern.DOTALL);

  private final LockSweeper sweeper;
  private final LockReader reader;
  private final ListQuery query;
  private final List<LockState> found = new ArrayList<>();
  private int locksRead;
  private BucketNode lastRead = new BucketNode(0, "");

  public LockLister(LockSweeper sweeper, LockReader reader, ListQuery query) {
    this.sweeper = sweeper;
    this.reader = reader;
    this.query = query;
  }

  /** Collects the page. To be called once. */
  public CompletableFuture<LockPage> list() {
    return fill(query.after().map(LockLister::decode).orElse(new BucketNode(0, "")));
  }

  private CompletableFuture<LockPage> fill(BucketNode from) {
    if (from.bucket() >= NodeName.BUCKETS) {
      return CompletableFuture.completedFuture(new LockPage(found, Optional.empty()));
    }
    return sweeper
        .listNodes(from.bucket())
        .thenCompose(
            nodes -> {
              List<BucketNode> matching =
                  nodes.stream()
                      .filter(
                          each ->
                              each.bucket() > from.bucket()
                                  || each.node().compareTo(from.node()) > 0)
                      .filter(this::matches)
                      .toList();
              return readFrom(
                  matching, 0, new BucketNode(from.bucket() + LockSweeper.BUCKETS_AT_ONCE, ""));
            });
  }

  private CompletableFuture<LockPage> readFrom(List<BucketNode> nodes, int at, BucketNode next) {
    if (at >= nodes.size()) {
      return fill(next);
    }
    if (isFull()) {
      return CompletableFuture.completedFuture(new LockPage(found, Optional.of(cursor(lastRead))));
    }
    int most = Math.min(LockReader.MAX_LOCKS_PER_READ, query.limit() - found.size());
    int to = Math.min(nodes.size(), at + most);
    lastRead = nodes.get(to - 1);
    List<LockName> names =
        nodes.subList(at, to).stream()
            .flatMap(node -> reader.lockAt(node.bucket(), node.node()).stream())
            .toList();
    return reader
        .snapshots(names)
        .thenCompose(
            snapshots -> {
              locksRead += names.size();
              snapshots.stream()
                  .filter(snapshot -> snapshot.kind() != StateKind.IDLE)
                  .map(reader::state)
                  .forEach(found::add);
              return readFrom(nodes, to, next);
            });
  }

  private boolean isFull() {
    return found.size() >= query.limit() || locksRead >= MAX_LOCKS_READ;
  }

  private boolean matches(BucketNode each) {
    return reader
        .lockAt(each.bucket(), each.node())
        .filter(lock -> lock.value().startsWith(query.prefix()))
        .isPresent();
  }

  /** Returns a cursor behind this node. */
  private static ListQuery.Cursor cursor(BucketNode last) {
    return new ListQuery.Cursor(last.bucket() + ":" + last.node());
  }

  private static BucketNode decode(ListQuery.Cursor cursor) {
    String text = cursor.opaque();
    Matcher parts = CURSOR.matcher(text);
    if (parts.matches()) {
      BucketNode last = new BucketNode(Integer.parseInt(parts.group(1)), parts.group(2));
      if (last.bucket() < NodeName.BUCKETS
          && (last.node().isEmpty() || NodeName.decode(last.node()).isPresent())) {
        return last;
      }
    }
    throw InvalidValueException.of("page_token", text, "one that a page ended with");
  }
}
