package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.time.Duration;
import java.util.function.Predicate;

/** Visits all locks whose names begin with a prefix, page by page. */
public final class LockPager {
  private static final int PAGE_SIZE = 500;

  private final ServerPool servers;
  private final Duration timeout;

  public LockPager(ServerPool servers, Duration timeout) {
    this.servers = servers;
    this.timeout = timeout;
  }

  /** Passes each lock to the visitor until the visitor returns false. */
  public void visit(String prefix, Predicate<Lock> visitor) throws InterruptedException {
    String pageToken = "";
    do {
      ListLocksRequest request =
          ListLocksRequest.newBuilder()
              .setPrefix(prefix)
              .setPageSize(PAGE_SIZE)
              .setPageToken(pageToken)
              .build();
      ListLocksResponse page =
          servers
              .call(UnaryCall.of(LockServiceGrpc.getListLocksMethod(), request, timeout))
              .message();
      for (Lock lock : page.getLocksList()) {
        if (!visitor.test(lock)) {
          return;
        }
      }
      pageToken = page.getNextPageToken();
    } while (!pageToken.isEmpty());
  }
}
