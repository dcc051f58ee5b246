package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import io.grpc.Status.Code;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Views of locks and of the server. */
class ListLocksTest {
  private final InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void pages_coverThePrefixAndNothingElse() {
    for (int i = 0; i < 7; i++) {
      server.take("orders/" + i);
    }
    server.take("stock/1");

    List<String> names = new ArrayList<>();
    ListLocksRequest.Builder request =
        ListLocksRequest.newBuilder().setPrefix("orders/").setPageSize(3);
    ListLocksResponse page;
    do {
      page = server.locks().listLocks(request.build());
      page.getLocksList().forEach(lock -> names.add(lock.getName()));
      request.setPageToken(page.getNextPageToken());
    } while (!page.getNextPageToken().isEmpty());

    assertThat(names)
        .containsExactlyInAnyOrder(
            "orders/0", "orders/1", "orders/2", "orders/3", "orders/4", "orders/5", "orders/6");
  }

  @Test
  void tokenOfAnotherPrefix_isRefused() {
    server.take("a1");
    server.take("a2");
    String token =
        server
            .locks()
            .listLocks(ListLocksRequest.newBuilder().setPrefix("a").setPageSize(1).build())
            .getNextPageToken();

    RefusedCall refused =
        RefusedCall.by(
            () ->
                server
                    .locks()
                    .listLocks(
                        ListLocksRequest.newBuilder().setPrefix("b").setPageToken(token).build()));

    assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refused.fault("page_token")).contains("the same prefix");
  }

  @Test
  void cursorThatTheStoreCannotRead_isABadPageToken() {
    server.take("secret/1");
    server.take("secret/2");
    String token = tokenAfterOne("");
    server.backend.failWith(InvalidValueException.of("page_token", "old", "a new listing"));

    RefusedCall refused = RefusedCall.by(() -> page("", token));

    assertThat(refused.fields()).containsExactly("page_token");
  }

  private String tokenAfterOne(String prefix) {
    return server
        .locks()
        .listLocks(ListLocksRequest.newBuilder().setPrefix(prefix).setPageSize(1).build())
        .getNextPageToken();
  }

  private ListLocksResponse page(String prefix, String token) {
    return server
        .locks()
        .listLocks(ListLocksRequest.newBuilder().setPrefix(prefix).setPageToken(token).build());
  }

  @Test
  void pageToken_tellsNoName_andIsAnotherOneEachTime() {
    server.take("secret/1");
    server.take("secret/2");
    String token = tokenAfterOne("");

    assertThat(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.ISO_8859_1))
        .doesNotContain("secret");
    assertThat(tokenAfterOne("")).isNotEqualTo(token);
    assertThat(page("", token).getLocksList()).isNotEmpty();
  }

  @Test
  void pageToken_isRefusedWhenAnyBitOfItIsChanged() {
    server.take("secret/1");
    server.take("secret/2");
    byte[] token = Base64.getUrlDecoder().decode(tokenAfterOne("secret/"));
    for (int bit = 0; bit < token.length * 8; bit++) {
      byte[] changed = token.clone();
      changed[bit / 8] ^= (byte) (1 << (bit % 8));
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(changed);

      assertThat(RefusedCall.by(() -> page("secret/", text)).code())
          .isEqualTo(Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void pageTokenOfAnotherReplica_isRefused_andSaysToBeginAgain() {
    server.take("secret/1");
    server.take("secret/2");
    String token = tokenAfterOne("");
    try (InProcessServer other = new InProcessServer()) {
      RefusedCall refused =
          RefusedCall.by(
              () ->
                  other
                      .locks()
                      .listLocks(ListLocksRequest.newBuilder().setPageToken(token).build()));

      assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(refused.fault("page_token")).contains("begin again");
    }
  }

  @Test
  void listing_countsTheWaitersButDoesNotShowThem() {
    server.take("a");
    var waiting = server.queue(claim("a"), 9);

    Lock listed = server.locks().listLocks(ListLocksRequest.getDefaultInstance()).getLocks(0);

    assertThat(waiting.isDone()).isFalse();
    assertThat(listed.getWaiterCount()).isEqualTo(1);
    assertThat(listed.getWaitersList()).isEmpty();
  }

  @Test
  void oneLock_showsItsWaitersInOrder() {
    server.take("a");
    var one = server.queue(claim("a").setOwner("one"), 9);
    var two = server.queue(claim("a").setOwner("two"), 9);

    Lock lock = server.getLock("a");

    assertThat(one.isDone() || two.isDone()).isFalse();
    assertThat(lock.getWaiterCount()).isEqualTo(2);
    assertThat(lock.getWaiters(0).getOwner()).isEqualTo("one");
    assertThat(lock.getWaiters(0).getPosition()).isEqualTo(1);
    assertThat(lock.getWaiters(1).getOwner()).isEqualTo("two");
    assertThat(lock.getWaiters(1).getReplicaId()).isEqualTo(InProcessServer.SELF.value());
  }

  @Test
  void metadata_isShownToWhoeverInspects() {
    server.take(claim("a").putMetadata("k", "v").build());

    assertThat(server.getLock("a").getHolders(0).getMetadataMap()).containsEntry("k", "v");
  }

  @Test
  void nameThatNobodyUsed_isAFreeLock() {
    assertThat(server.getLock("nobody")).isEqualTo(Lock.newBuilder().setName("nobody").build());
  }

  @Test
  void serverInfo_tellsStoreLimitsAndReplicas() {
    GetServerInfoResponse info =
        server.locks().getServerInfo(GetServerInfoRequest.getDefaultInstance());

    assertThat(info.getVersion()).isEqualTo("test");
    assertThat(info.getReplicaId()).isEqualTo(InProcessServer.SELF.value());
    assertThat(info.getStoreId()).isNotEmpty();
    assertThat(info.getLimits().getMaxTtl()).isEqualTo(seconds(600));
    assertThat(info.getLimits().getDefaultTtl()).isEqualTo(seconds(15));
    assertThat(info.getLimits().getMaxWait()).isEqualTo(seconds(86_400));
    assertThat(info.getLimits().getMaxMessageBytes()).isEqualTo(65_536);
    assertThat(info.getReplicas(0).getAddress()).isEqualTo("here:1");
    assertThat(info.getReplicas(0).getDraining()).isFalse();
  }
}
