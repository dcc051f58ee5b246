package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Lists one page of locks, in the order of buckets and of node names within each bucket. A page
 * reads no more than {@value #MAX_LOCKS_READ} locks. For one query; its steps run one after
 * another.
 */
public final class LockLister {
  private static final int MAX_LOCKS_READ = 10_000;

  private final LockSweeper sweeper;
  private final LockReader reader;
  private final ListQuery query;
  private final List<LockState> found = new ArrayList<>();
  private int locksRead;
  private ListPosition lastRead = new ListPosition(0, "");

  public LockLister(LockSweeper sweeper, LockReader reader, ListQuery query) {
    this.sweeper = sweeper;
    this.reader = reader;
    this.query = query;
  }

  /** Collects the page. To be called once. */
  public CompletableFuture<LockPage> list() {
    return fill(query.after().map(ListPosition::decode).orElse(new ListPosition(0, "")));
  }

  /** A position in the list: all nodes up to this one, inclusive, have been read. */
  private record ListPosition(int bucket, String node) {
    ListQuery.Cursor encode() {
      return new ListQuery.Cursor(bucket + ":" + node);
    }

    static ListPosition decode(ListQuery.Cursor cursor) {
      String text = cursor.opaque();
      int colon = text.indexOf(':');
      if (colon < 1
          || colon > 3
          || !text.substring(0, colon).chars().allMatch(ListPosition::isDigit)) {
        throw foreign(text);
      }
      int bucket = Integer.parseInt(text.substring(0, colon));
      String node = text.substring(colon + 1);
      if (bucket >= NodeName.BUCKETS || (!node.isEmpty() && NodeName.decode(node).isEmpty())) {
        throw foreign(text);
      }
      return new ListPosition(bucket, node);
    }

    private static boolean isDigit(int c) {
      return c >= '0' && c <= '9';
    }

    private static InvalidValueException foreign(String text) {
      return InvalidValueException.of("page_token", text, "one that a page ended with");
    }
  }

  private CompletableFuture<LockPage> fill(ListPosition from) {
    if (from.bucket() >= NodeName.BUCKETS) {
      return CompletableFuture.completedFuture(new LockPage(found, Optional.empty()));
    }
    return sweeper
        .listNodes(from.bucket())
        .thenCompose(
            buckets -> {
              List<ListPosition> matching = new ArrayList<>();
              for (int i = 0; i < buckets.size(); i++) {
                int bucket = from.bucket() + i;
                String after = i == 0 ? from.node() : "";
                buckets.get(i).stream()
                    .filter(node -> node.compareTo(after) > 0)
                    .filter(node -> matches(bucket, node))
                    .forEach(node -> matching.add(new ListPosition(bucket, node)));
              }
              return readFrom(
                  matching, 0, new ListPosition(from.bucket() + LockSweeper.BUCKETS_AT_ONCE, ""));
            });
  }

  private CompletableFuture<LockPage> readFrom(
      List<ListPosition> nodes, int at, ListPosition next) {
    if (at >= nodes.size()) {
      return fill(next);
    }
    if (isFull()) {
      return CompletableFuture.completedFuture(new LockPage(found, Optional.of(lastRead.encode())));
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

  private boolean matches(int bucket, String node) {
    return reader
        .lockAt(bucket, node)
        .filter(lock -> lock.value().startsWith(query.prefix()))
        .isPresent();
  }
}
