package dev.fencepost.server.service.grant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.OpenSession;
import dev.fencepost.server.support.TestRequests;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Grants and their ends in the audit. */
class GrantAuditTest {
  private final InProcessServer server = new InProcessServer();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.fencepost.audit");

  @BeforeEach
  void listen() {
    lines.list = new CopyOnWriteArrayList<>();
    lines.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(lines);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(lines);
    server.close();
  }

  private List<String> audited(int count) {
    await().until(() -> lines.list.size() >= count);
    return lines.list.stream()
        .map(line -> line.getFormattedMessage() + " " + line.getKeyValuePairs())
        .toList();
  }

  private static AcquireRequest claim() {
    return TestRequests.claim("a").build();
  }

  @Test
  void grantRenewalAndRelease_areRecorded_withoutTheClaimId() {
    server.audit.includeGrants();
    AcquireRequest claim = claim();
    long token = server.take(claim).getFencingToken();
    server
        .locks()
        .release(ReleaseRequest.newBuilder().setName("a").setClaimId(claim.getClaimId()).build());
    server
        .locks()
        .renew(
            RenewRequest.newBuilder()
                .setGrant(
                    GrantRef.newBuilder()
                        .setName("a")
                        .setClaimId(claim.getClaimId())
                        .setFencingToken(token))
                .build());

    List<String> audited = audited(3);
    assertThat(audited).hasSize(3);
    assertThat(audited.get(0))
        .startsWith("grant ")
        .contains("lock=\"a\"", "token=\"" + token + "\"");
    assertThat(audited.get(1)).startsWith("release ").contains("outcome=\"released\"");
    assertThat(audited.get(2)).startsWith("renewal_refused ").contains("reason=");
    assertThat(audited.toString()).doesNotContain(claim.getClaimId());
  }

  @Test
  void grantThroughASession_andItsLoss_areRecorded() {
    server.audit.includeGrants();
    OpenSession session = OpenSession.on(server.channel);
    session.welcome().join();
    session.acquire(claim()).join();
    server
        .admin()
        .forceRelease(ForceReleaseRequest.newBuilder().setName("a").setReason("stuck").build());

    assertThat(audited(3))
        .anyMatch(line -> line.startsWith("grant "))
        .anyMatch(line -> line.startsWith("force_release "))
        .anyMatch(line -> line.startsWith("loss ") && line.contains("reason=\"revoked\""));
  }

  @Test
  void grantsAreLeftOut_unlessTheyAreAskedFor() {
    server.take(claim());
    server
        .admin()
        .forceRelease(ForceReleaseRequest.newBuilder().setName("a").setReason("stuck").build());

    assertThat(audited(1)).singleElement().asString().startsWith("force_release ");
  }
}
