package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.jwk.ECKey;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.server.support.TestJwts;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Date;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may read the metrics, once callers have an identity. */
class MetricsAccessTest {
  private final StaticToken monitor = StaticToken.create("monitor", new SecureRandom());
  private final StaticToken other = StaticToken.create("other", new SecureRandom());
  private final ECKey key = TestJwts.ec("1");

  @TempDir Path folder;
  private NettyServer server;

  @BeforeEach
  void start() throws Exception {
    Path rules =
        Files.writeString(
            folder.resolve("rules"),
            """
            version 1
            group monitors = token:monitor, jwt:corp/monitor
            allow monitors metrics
            allow token:other use on **
            """);
    Path tokens =
        Files.writeString(folder.resolve("tokens"), monitor.line() + "\n" + other.line() + "\n");
    Path keys = Files.writeString(folder.resolve("keys"), TestJwts.jwks(key));
    server =
        new NettyServer(
            TestConfigs.with(
                "rules.file",
                rules.toString(),
                "identity.tokens-file",
                tokens.toString(),
                "identity.jwt.keys",
                keys.toString(),
                "identity.jwt.issuer",
                TestJwts.ISSUER,
                "identity.jwt.audience",
                "locks",
                "identity.jwt.name",
                "corp"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String jwt(String subject) {
    return TestJwts.sign(
        (JOSEObjectType) null,
        TestJwts.claims(subject).expirationTime(Date.from(Instant.now().plusSeconds(60))),
        key);
  }

  @Test
  void metrics_needTheirRight() throws Exception {
    HttpResponse<String> none = server.get("/metrics");

    assertThat(none.statusCode()).isEqualTo(401);
    assertThat(none.headers().firstValue("WWW-Authenticate")).contains("Bearer");
    assertThat(none.body()).startsWith("NO_CREDENTIAL: ").doesNotContain("fencepost_");
    assertThat(server.getAs("fpt_wrong", "/metrics").statusCode()).isEqualTo(401);
    assertThat(server.getAs(other.text(), "/metrics").statusCode()).isEqualTo(403);
    assertThat(server.getAs(jwt("other"), "/metrics").statusCode()).isEqualTo(403);
    assertThat(server.getAs(monitor.text(), "/metrics").body()).contains("fencepost_ready");
    assertThat(server.getAs(jwt("monitor"), "/metrics").statusCode()).isEqualTo(200);
  }

  @Test
  void probes_areAnsweredToEverybody_andTheReasonToThoseWhoMayReadMetrics() throws Exception {
    assertThat(server.get("/livez").body()).isEqualTo("alive\n");
    assertThat(server.get("/readyz").body()).isEqualTo("ready\n");

    server.backend.stall();
    await().until(() -> server.get("/readyz").statusCode() == 503);

    assertThat(server.get("/readyz").body()).isEqualTo("unready\n");
    assertThat(server.getAs(other.text(), "/readyz").body()).isEqualTo("unready\n");
    assertThat(server.getAs(monitor.text(), "/readyz").body())
        .isEqualTo("not ready: the store does not answer\n");
    assertThat(server.get("/livez").statusCode()).isEqualTo(200);
  }
}
