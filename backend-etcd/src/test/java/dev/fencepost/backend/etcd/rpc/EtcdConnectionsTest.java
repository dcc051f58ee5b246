package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fencepost.backend.etcd.rpc.EtcdConnections.EtcdReply;
import dev.fencepost.backend.etcd.rpc.EtcdSettings.Endpoint;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.tls.StoreLogin;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Calls that cannot be sent, and calls that no member answers while a listener throws. */
final class EtcdConnectionsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final StoreLogin LOGIN =
      new StoreLogin(Optional.of("user"), Optional.of("password"), Optional.empty());
  private static final List<Endpoint> NOBODY = List.of(new Endpoint("127.0.0.1", 1));

  @Test
  void loginThatCannotBeSent_failsItsCall_andTheNextCallLogsInAgain() {
    // Without a member nothing can be sent.
    List<CompletableFuture<EtcdReply<TxnResponse>>> calls = new ArrayList<>();
    try (EtcdConnections connections =
        new EtcdConnections(settings(List.of(), Optional.of(LOGIN)))) {
      Throwable thrown = catchThrowable(() -> calls.add(call(connections)));
      calls.add(call(connections));

      assertThat(calls.get(calls.size() - 1)).as("the next call").isCompletedExceptionally();
      assertThat(thrown).isNull();
      assertThat(calls.get(0)).as("the first call").isCompletedExceptionally();
    }
  }

  @Test
  void listenerThatThrows_leavesNoCallUnanswered() {
    try (EtcdConnections connections = new EtcdConnections(settings(NOBODY, Optional.empty()))) {
      connections.onDoubt(EtcdConnectionsTest::fail);

      assertThat(call(connections))
          .failsWithin(TIMEOUT)
          .withThrowableThat()
          .havingCause()
          .isInstanceOfSatisfying(
              EtcdException.class,
              error -> assertThat(error.kind()).isEqualTo(EtcdException.Kind.UNANSWERED));
    }
  }

  @Test
  void listenerThatThrows_leavesNoStreamOpen() {
    CompletableFuture<Status> end = new CompletableFuture<>();
    try (EtcdConnections connections = new EtcdConnections(settings(NOBODY, Optional.empty()))) {
      connections.onDoubt(EtcdConnectionsTest::fail);

      connections
          .newStream(WatchGrpc.getWatchMethod(), new EndListener(end))
          .open(CallDeadline.in(TIMEOUT));
      assertThat(end).succeedsWithin(TIMEOUT);
    }
  }

  private static void fail() {
    throw new IllegalStateException("thrown by the test");
  }

  private static CompletableFuture<EtcdReply<TxnResponse>> call(EtcdConnections connections) {
    return connections
        .call(KVGrpc.getTxnMethod(), TxnRequest.getDefaultInstance(), CallDeadline.in(TIMEOUT))
        .toCompletableFuture();
  }

  private static EtcdSettings settings(List<Endpoint> endpoints, Optional<StoreLogin> login) {
    return new EtcdSettings(
        endpoints, "prefix", TIMEOUT, login, Optional.empty(), 1, 1, 100, 0, Duration.ofDays(30));
  }

  private static final class EndListener extends ClientCall.Listener<WatchResponse> {
    private final CompletableFuture<Status> end;

    EndListener(CompletableFuture<Status> end) {
      this.end = end;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }
  }
}
