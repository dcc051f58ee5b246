package dev.fencepost.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {

  @ParameterizedTest
  @ValueSource(strings = {"a", "../", "%2f", "🔒", "'; --", "\"", "a b", "{a}"})
  void name_ofAnyPrintableText_isLegal(String name) {
    assertThat(new LockName(name).value()).isEqualTo(name);
  }

  @Test
  void name_isMeasuredInBytesOfUtf8() {
    assertThat(new LockName("x".repeat(512)).utf8()).hasSize(512);
    assertThat(new LockName("🔒".repeat(128)).utf8()).hasSize(512);
    assertRefused(() -> new LockName("x".repeat(513)), "name", "not 513");
    assertRefused(() -> new LockName("🔒".repeat(129)), "name", "not 516");
  }

  @Test
  void name_emptyOrWithControlCharacters_isRefused() {
    assertRefused(() -> new LockName(""), "name", "not empty");
    assertRefused(() -> new LockName("a\u0000b"), "name", "control character");
    assertRefused(() -> new LockName("a\r\n"), "name", "control character");
    assertRefused(() -> new LockName("a\u007f"), "name", "control character");
    assertRefused(() -> new LockName("\ud83d"), "name", "well-formed");
    assertRefused(() -> new ResourceName("\t"), "resource", "control character");
  }

  @Test
  void bytesThatAreNoName_giveNone() {
    assertThat(LockName.fromUtf8("ä/🔒".getBytes(StandardCharsets.UTF_8)))
        .contains(new LockName("ä/🔒"));
    assertThat(LockName.fromUtf8(new byte[0])).isEmpty();
    assertThat(LockName.fromUtf8(new byte[] {'a', 1})).isEmpty();
    assertThat(LockName.fromUtf8(new byte[] {'a', (byte) 0xff})).isEmpty();
    assertThat(LockName.fromUtf8(new byte[LockName.MAX_BYTES + 1])).isEmpty();
  }

  @Test
  void names_areOrderedByTheirBytes() {
    assertThat(new LockName("\uffee")).isLessThan(new LockName("🔒"));
    assertThat(new LockName("B")).isLessThan(new LockName("a"));
  }

  @Test
  void claimId_isCheckedAndNeverShown() {
    String secret = "s3cret".repeat(5);
    ClaimId id = new ClaimId(secret);
    assertThat(id.toString()).doesNotContain(secret).contains(id.tag());
    assertThat(id.tag()).matches("[0-9a-f]{16}");
    assertRefused(() -> new ClaimId("too-short"), "claim_id", "22–64");
    assertRefused(() -> new ClaimId("x".repeat(65)), "claim_id", "22–64");
    assertThatThrownBy(() -> new ClaimId("s3cret with spaces and more"))
        .hasMessageNotContaining("s3cret");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void token_thatNobodyWasGranted_isRefused(long token) {
    assertRefused(() -> new FencingToken(token), "fencing_token", "granted");
  }

  @Test
  void lease_hasItsRange() {
    assertThat(Lease.of(Duration.ofSeconds(2)).ttl()).isEqualTo(Duration.ofSeconds(2));
    assertThat(Lease.of(Duration.ofHours(24)).ttl()).isEqualTo(Duration.ofHours(24));
    assertRefused(() -> Lease.of(Duration.ofMillis(1_999)), "ttl", "2s–24h");
    assertRefused(() -> Lease.of(Duration.ofSeconds(Long.MAX_VALUE)), "ttl", "2s–24h");
    assertRefused(
        () -> new Lease(Duration.ofSeconds(2), Duration.ofSeconds(-1)), "lock_delay", "0s–10m");
  }

  @Test
  void lease_isRoundedUpToMillisecondsOnly() {
    assertThat(Lease.of(Duration.ofNanos(2_000_000_001L)).ttl()).isEqualTo(Duration.ofMillis(2001));
  }

  @Test
  void holder_countsLessThanTheStore() {
    assertThat(Lease.of(Duration.ofSeconds(30)).validFor()).isEqualTo(Duration.ofSeconds(27));
    assertThat(Lease.of(Duration.ofSeconds(2)).validFor()).isEqualTo(Duration.ofMillis(1_800));
    assertThat(Lease.of(Duration.ofSeconds(30)).renewAfter()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void claimant_hasItsLimits() {
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i < 33; i++) {
      many.put("k" + i, "");
    }
    assertRefused(() -> claimant("", many), "metadata", "at most 32");
    assertRefused(() -> claimant("", Map.of("k", "v".repeat(4_096))), "metadata", "at most 4096");
    assertRefused(() -> claimant("o".repeat(257), Map.of()), "owner", "at most 256");
  }

  @Test
  void refusal_showsTheValueShortAndPrintable() {
    assertThatThrownBy(() -> new LockName("a\nb" + "x".repeat(600)))
        .hasMessageContaining("\"a\\u000abxxx")
        .hasMessageContaining("…\"")
        .message()
        .hasSizeLessThan(200);
  }

  private static Claimant claimant(String owner, Map<String, String> metadata) {
    return new Claimant(owner, "", LockMode.EXCLUSIVE, metadata);
  }

  private static void assertRefused(ThrowingCallable made, String field, String expected) {
    assertThatThrownBy(made)
        .isInstanceOfSatisfying(
            InvalidValueException.class,
            e -> {
              assertThat(e.field()).isEqualTo(field);
              assertThat(e.expected()).contains(expected);
            });
  }
}
