package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.time.Duration;
import java.util.function.Predicate;

/** Goes through all locks below a prefix, page by page. */
public final class LockPager {
  private static final int PAGE = 500;

  private final ServerPool servers;
  private final Duration timeout;

  public LockPager(ServerPool servers, Duration timeout) {
    this.servers = servers;
    this.timeout = timeout;
  }

  /** Shows each lock to the visitor until that says no. */
  public void visit(String prefix, Predicate<Lock> visitor) throws InterruptedException {
    String pageToken = "";
    do {
      ListLocksRequest request =
          ListLocksRequest.newBuilder()
              .setPrefix(prefix)
              .setPageSize(PAGE)
              .setPageToken(pageToken)
              .build();
      ListLocksResponse page =
          servers
              .ask(UnaryCall.of(LockServiceGrpc.getListLocksMethod(), request, timeout))
              .answer();
      for (Lock lock : page.getLocksList()) {
        if (!visitor.test(lock)) {
          return;
        }
      }
      pageToken = page.getNextPageToken();
    } while (!pageToken.isEmpty());
  }
}
