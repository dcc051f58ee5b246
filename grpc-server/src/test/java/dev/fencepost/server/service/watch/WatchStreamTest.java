package dev.fencepost.server.service.watch;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockChangeKind;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.support.InProcessServer;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchStreamTest {
  private final InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void firstPicture_holdsEachNameOnceAndIsSynced() {
    server.take("held");
    Watcher watcher = new Watcher("held", "free", "held");
    watcher.read(10);

    assertThat(watcher.changes())
        .extracting(change -> change.getLock().getName())
        .containsExactlyInAnyOrder("held", "free");
    assertThat(watcher.changes())
        .extracting(LockChange::getKind)
        .containsOnly(LockChangeKind.LOCK_CHANGE_KIND_STATE);
    assertThat(watcher.last().getSynced()).isTrue();
  }

  @Test
  void changesThroughThisReplica_areToldAtOnce() {
    Watcher watcher = new Watcher("a");
    watcher.read(10);
    watcher.messages.clear();

    AcquireRequest request = claim("a").build();
    Grant grant = server.take(request);
    assertThat(watcher.changes()).hasSize(1);
    assertThat(watcher.changes().get(0).getKind())
        .isEqualTo(LockChangeKind.LOCK_CHANGE_KIND_GRANTED);
    assertThat(watcher.changes().get(0).getLock().getHolders(0).getFencingToken())
        .isEqualTo(grant.getFencingToken());

    release(request, grant);
    assertThat(watcher.changes()).hasSize(2);
    assertThat(watcher.changes().get(1).getKind())
        .isEqualTo(LockChangeKind.LOCK_CHANGE_KIND_RELEASED);
    assertThat(watcher.changes().get(1).getLock().getHoldersList()).isEmpty();
  }

  @Test
  void expiry_isToldWithinTwoSeconds() {
    server.take("a");
    Watcher watcher = new Watcher("a");
    watcher.read(10);

    server.time.pass(Duration.ofSeconds(62));

    assertThat(watcher.changes().get(watcher.changes().size() - 1).getKind())
        .isEqualTo(LockChangeKind.LOCK_CHANGE_KIND_EXPIRED);
  }

  @Test
  void silence_isBrokenByASignOfLifeEveryTenSeconds() {
    Watcher watcher = new Watcher("a");
    watcher.read(100);
    watcher.messages.clear();

    server.time.pass(Duration.ofSeconds(10));

    assertThat(watcher.messages).isNotEmpty();
    assertThat(watcher.changes()).isEmpty();
    assertThat(watcher.last().getSynced()).isTrue();
    int soFar = watcher.messages.size();
    server.time.pass(Duration.ofSeconds(60));
    assertThat(watcher.messages.size() - soFar).isBetween(6, 13);
  }

  @Test
  void watcherThatDoesNotRead_getsTheNewestStateOnly() {
    Watcher watcher = new Watcher("a");
    Grant newest = null;
    for (int i = 0; i < 500; i++) {
      AcquireRequest request = claim("a").build();
      newest = server.take(request);
      server.time.pass(Duration.ofMillis(120));
      if (i < 499) {
        release(request, newest);
      }
    }
    assertThat(watcher.messages).isEmpty();

    watcher.read(10);

    assertThat(watcher.messages).hasSizeLessThanOrEqualTo(2);
    assertThat(watcher.changes().get(watcher.changes().size() - 1).getLock().getLastToken())
        .isEqualTo(newest.getFencingToken());
  }

  @Test
  void tokensNeverGoBackWithinAWatch() {
    Watcher watcher = new Watcher("a");
    for (int i = 0; i < 100; i++) {
      AcquireRequest request = claim("a").build();
      release(request, server.take(request));
      if (i % 7 == 0) {
        watcher.read(1);
      }
    }
    watcher.read(1000);

    List<Long> tokens =
        watcher.changes().stream().map(change -> change.getLock().getLastToken()).toList();
    assertThat(tokens).isSorted();
  }

  @Test
  void watcherThatLeaves_costsNothingAnyMore() {
    Watcher watcher = new Watcher("a");
    watcher.read(10);

    watcher.call.cancel("enough", null);
    int soFar = watcher.messages.size();
    server.take("a");
    server.time.pass(Duration.ofMinutes(1));

    assertThat(watcher.messages).hasSize(soFar);
    assertThat(server.limits.openCalls()).isZero();
  }

  @Test
  void drain_endsWatchesAndRefusesNewOnes() {
    Watcher before = new Watcher("a");
    before.read(10);

    server.services.drain(Duration.ofSeconds(20), server.coordinator.known().replicas());

    assertThat(before.end.orElseThrow().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(before.end.orElseThrow().getDescription()).startsWith("DRAINING");
    Watcher after = new Watcher("a");
    after.read(10);
    assertThat(after.end.orElseThrow().getDescription()).startsWith("DRAINING");
  }

  private void release(AcquireRequest request, Grant grant) {
    server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName(grant.getName())
                .setClaimId(request.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
  }

  /** A watcher that reads only on request. */
  private final class Watcher extends ClientCall.Listener<WatchLocksResponse> {
    private final List<WatchLocksResponse> messages = new ArrayList<>();
    private final ClientCall<WatchLocksRequest, WatchLocksResponse> call;
    private Optional<Status> end = Optional.empty();

    Watcher(String... names) {
      call = server.channel.newCall(LockServiceGrpc.getWatchLocksMethod(), CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.sendMessage(WatchLocksRequest.newBuilder().addAllNames(List.of(names)).build());
      call.halfClose();
    }

    void read(int most) {
      call.request(most);
    }

    List<LockChange> changes() {
      return messages.stream().flatMap(message -> message.getChangesList().stream()).toList();
    }

    WatchLocksResponse last() {
      return messages.get(messages.size() - 1);
    }

    @Override
    public void onMessage(WatchLocksResponse message) {
      messages.add(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end = Optional.of(status);
    }
  }
}
