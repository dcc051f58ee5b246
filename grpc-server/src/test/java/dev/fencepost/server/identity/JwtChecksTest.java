package dev.fencepost.server.identity;

import static dev.fencepost.server.support.TestJwts.NOW;
import static dev.fencepost.server.support.TestJwts.claims;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.jwk.ECKey;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.support.TestJwts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JwtChecksTest {
  private final ECKey key = TestJwts.ec("ec-1");
  private final AtomicReference<JwtKeys> keys = new AtomicReference<>(JwtKeys.NONE);
  private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  private final AtomicInteger reads = new AtomicInteger();
  private final AtomicInteger requests = new AtomicInteger();
  private final CountDownLatch released = new CountDownLatch(1);
  private final JwtChecks checks =
      new JwtChecks(
          TestJwts.settings("keys"),
          this::keys,
          requests::incrementAndGet,
          Duration.ofMinutes(10),
          now::get);

  private JwtKeys keys() {
    reads.incrementAndGet();
    try {
      released.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return keys.get();
  }

  private void useKeys(ECKey... all) throws Exception {
    keys.set(JwtKeys.parse(TestJwts.jwks(all).getBytes(StandardCharsets.UTF_8)));
  }

  private String jwt(String subject) {
    return TestJwts.sign(JOSEObjectType.JWT, claims(subject), key);
  }

  @AfterEach
  void close() {
    released.countDown();
    checks.close();
  }

  @Test
  void rightJwt_isVerifiedOnce_untilItsEndAndGrace() throws Exception {
    useKeys(key);
    released.countDown();
    String jwt = jwt("a");

    assertThat(checks.verify(jwt).join().caller().name()).isEqualTo("jwt:corp/a");
    assertThat(checks.verify(jwt)).isCompleted();
    now.set(NOW.plus(Duration.ofMinutes(20)));
    assertThat(checks.verify(jwt)).isCompleted();
    assertThat(reads).hasValue(1);

    now.set(NOW.plus(Duration.ofMinutes(21)));
    assertThat(checks.verify(jwt).join().caller().isExpiredAt(now.get())).isTrue();
    assertThat(checks.verify(jwt)).isCompleted();
    assertThat(reads).hasValue(2);
  }

  @Test
  void refusedJwt_isRememberedForTenSeconds() throws Exception {
    useKeys(key);
    released.countDown();
    String forged = TestJwts.sign(JOSEObjectType.JWT, claims("a"), TestJwts.ec("ec-1"));

    for (int seconds : List.of(0, 9, 10)) {
      now.set(NOW.plusSeconds(seconds));
      assertThatThrownBy(() -> checks.verify(forged).join())
          .hasCauseInstanceOf(CredentialException.class);
    }
    assertThat(reads).hasValue(2);
  }

  @Test
  void unknownKey_asksForKeys_andCountsAsSoonAsTheyAreThere() throws Exception {
    released.countDown();
    String jwt = jwt("a");
    assertThatThrownBy(() -> checks.verify(jwt).join()).hasMessageContaining("UNKNOWN_KEY");
    assertThat(requests).hasValue(1);

    useKeys(key);

    assertThat(checks.verify(jwt).join().caller().name()).isEqualTo("jwt:corp/a");
  }

  @Test
  void equalJwts_areVerifiedTogether_andTheQueueHasABound() throws Exception {
    useKeys(key);
    String jwt = jwt("a");
    CompletableFuture<VerifiedJwt> first = checks.verify(jwt);
    assertThat(checks.verify(jwt)).isSameAs(first);

    List<CompletableFuture<VerifiedJwt>> all = new ArrayList<>();
    for (int i = 0; i < JwtChecks.MAX_WAITING + 1; i++) {
      all.add(checks.verify("a.b." + i));
    }
    CompletableFuture<VerifiedJwt> above = checks.verify("a.b.c");
    CompletableFuture<VerifiedJwt> more = checks.verify("a.b.d");

    assertThat(List.of(above, more)).anyMatch(CompletableFuture::isCompletedExceptionally);
    assertThatThrownBy(more::join).hasCauseInstanceOf(OverLimitException.class);
    released.countDown();
    assertThat(first.join().caller().name()).isEqualTo("jwt:corp/a");
    all.forEach(
        each -> assertThatThrownBy(each::join).hasCauseInstanceOf(CredentialException.class));
  }
}
