package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.Kind;
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
 * Pages of locks: bucket by bucket, by the order of the nodes' names within each. A page looks at
 * no more than {@value #MOST_LOOKED_AT} locks. Safe for use by many threads.
 */
final class Listing {
  private static final int MOST_LOOKED_AT = 10_000;

  private final Sweep sweep;
  private final Reads reads;

  Listing(Sweep sweep, Reads reads) {
    this.sweep = sweep;
    this.reads = reads;
  }

  CompletableFuture<LockPage> list(ListQuery query) {
    Cursor start = query.after().map(Cursor::read).orElse(new Cursor(0, ""));
    return new Page(query).fill(start);
  }

  /** Everything up to and with this node of this bucket was seen. */
  private record Cursor(int bucket, String node) {
    ListQuery.Cursor write() {
      return new ListQuery.Cursor(bucket + ":" + node);
    }

    LockName lock() {
      return new LockName(NodeName.decode(node).orElseThrow());
    }

    static Cursor read(ListQuery.Cursor cursor) {
      String text = cursor.opaque();
      int colon = text.indexOf(':');
      if (colon < 1 || colon > 3 || !text.substring(0, colon).chars().allMatch(Cursor::isDigit)) {
        throw foreign(text);
      }
      int bucket = Integer.parseInt(text.substring(0, colon));
      String node = text.substring(colon + 1);
      if (bucket >= NodeName.BUCKETS || (!node.isEmpty() && NodeName.decode(node).isEmpty())) {
        throw foreign(text);
      }
      return new Cursor(bucket, node);
    }

    private static boolean isDigit(int c) {
      return c >= '0' && c <= '9';
    }

    private static InvalidValueException foreign(String text) {
      return InvalidValueException.of("page_token", text, "one that a page ended with");
    }
  }

  /** A page in the making. */
  private final class Page {
    private final ListQuery query;
    private final List<LockState> found = new ArrayList<>();
    private int lookedAt;
    private Cursor lastSeen = new Cursor(0, "");

    Page(ListQuery query) {
      this.query = query;
    }

    CompletableFuture<LockPage> fill(Cursor from) {
      if (from.bucket() >= NodeName.BUCKETS) {
        return CompletableFuture.completedFuture(new LockPage(found, Optional.empty()));
      }
      return sweep
          .nodes(from.bucket())
          .thenCompose(
              buckets -> {
                List<Cursor> asked = new ArrayList<>();
                for (int i = 0; i < buckets.size(); i++) {
                  int bucket = from.bucket() + i;
                  String seen = i == 0 ? from.node() : "";
                  buckets.get(i).stream()
                      .filter(node -> node.compareTo(seen) > 0)
                      .filter(this::isAsked)
                      .forEach(node -> asked.add(new Cursor(bucket, node)));
                }
                return look(asked, 0, new Cursor(from.bucket() + Sweep.GROUP, ""));
              });
    }

    private CompletableFuture<LockPage> look(List<Cursor> nodes, int at, Cursor next) {
      if (at >= nodes.size()) {
        return fill(next);
      }
      if (isFull()) {
        return CompletableFuture.completedFuture(
            new LockPage(found, Optional.of(lastSeen.write())));
      }
      int most = Math.min(Reads.AT_ONCE, query.limit() - found.size());
      int to = Math.min(nodes.size(), at + most);
      lastSeen = nodes.get(to - 1);
      List<LockName> names = nodes.subList(at, to).stream().map(Cursor::lock).toList();
      return reads
          .snapshots(names)
          .thenCompose(
              snapshots -> {
                lookedAt += names.size();
                snapshots.stream()
                    .filter(snapshot -> snapshot.kind() != Kind.IDLE)
                    .map(reads::state)
                    .forEach(found::add);
                return look(nodes, to, next);
              });
    }

    private boolean isFull() {
      return found.size() >= query.limit() || lookedAt >= MOST_LOOKED_AT;
    }

    private boolean isAsked(String node) {
      return NodeName.decode(node).filter(name -> name.startsWith(query.prefix())).isPresent();
    }
  }
}
