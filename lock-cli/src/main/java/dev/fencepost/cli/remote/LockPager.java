package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import io.grpc.Status;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Visits all locks whose names begin with a prefix, page by page. A page token is valid at the
 * server that made it, so when another server goes on, the listing begins again.
 */
public final class LockPager {
  private static final int PAGE_SIZE = 500;

  /** Most times that one listing begins again. */
  private static final int MAX_RESTARTS = 3;

  private final ServerPool servers;
  private final Duration timeout;

  public LockPager(ServerPool servers, Duration timeout) {
    this.servers = servers;
    this.timeout = timeout;
  }

  /** Passes each lock to the visitor, once, until the visitor returns false. */
  public void visit(String prefix, Predicate<Lock> visitor) throws InterruptedException {
    Set<String> visited = new HashSet<>();
    int restarts = 0;
    String pageToken = "";
    do {
      ListLocksResponse page;
      try {
        page = page(prefix, pageToken);
      } catch (CallException e) {
        if (pageToken.isEmpty()
            || e.status().getCode() != Status.Code.INVALID_ARGUMENT
            || ++restarts > MAX_RESTARTS) {
          throw e;
        }
        page = page(prefix, "");
      }
      for (Lock lock : page.getLocksList()) {
        if (visited.add(lock.getName()) && !visitor.test(lock)) {
          return;
        }
      }
      pageToken = page.getNextPageToken();
    } while (!pageToken.isEmpty());
  }

  private ListLocksResponse page(String prefix, String pageToken) throws InterruptedException {
    ListLocksRequest request =
        ListLocksRequest.newBuilder()
            .setPrefix(prefix)
            .setPageSize(PAGE_SIZE)
            .setPageToken(pageToken)
            .build();
    return servers
        .call(UnaryCall.of(LockServiceGrpc.getListLocksMethod(), request, timeout))
        .message();
  }
}
