package dev.fencepost.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessRulesTest {
  private static final String[] NAMES = {
    "a", "a/", "a/b", "a/bc", "a/b/c", "a/b/", "/a", "//", "a//b", "b", "A/b", "a/%2f", "a/..", "ab"
  };

  private static AccessRules rules(String... lines) {
    RulesFile file = RulesParserTest.parse(lines);
    assertThat(file.isValid()).as(String.valueOf(file.problems())).isTrue();
    return AccessRules.of(file);
  }

  private static boolean may(AccessRules rules, String who, AccessOperation what, String name) {
    return rules.rightsOf(who).allowsOnLock(what, name);
  }

  @Test
  void withoutFile_everythingIsAllowed_andWithAnyFile_nothingElse() {
    assertThat(may(AccessRules.NONE, "", AccessOperation.FORCE_RELEASE, "x")).isTrue();
    assertThat(AccessRules.NONE.rightsOf("").hasAny()).isTrue();
    assertThat(may(rules(), "token:a", AccessOperation.ACQUIRE, "x")).isFalse();
    assertThat(rules().rightsOf("token:a").hasAny()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "a/b, a/b, true",
    "a/b, a/bc, false",
    "a/b, a/b/, false",
    "a/b/**, a/b, false",
    "a/b/**, a/b/, true",
    "a/b/**, a/b/c/d, true",
    "a/b/**, a/bc, false",
    "a/b/**, A/b/c, false",
    "a/b/**, a/./b/c, false",
    "a/b/**, a%2fb/c, false",
    "a/b/**, a//b/c, false",
    "a/**, a/../b, true",
    "/**, x/y, false",
    "/**, /x, true",
    "**, x, true",
  })
  void names_areComparedByteForByte(String pattern, String name, boolean allowed) {
    AccessRules rules = rules("allow token:a acquire on " + pattern);

    assertThat(may(rules, "token:a", AccessOperation.ACQUIRE, name)).isEqualTo(allowed);
  }

  @Test
  void bothFormsOfAnAccentedLetter_areOtherNames() {
    AccessRules rules = rules("allow token:a acquire on \"caf\u00e9\"");

    assertThat(may(rules, "token:a", AccessOperation.ACQUIRE, "caf\u00e9")).isTrue();
    assertThat(may(rules, "token:a", AccessOperation.ACQUIRE, "cafe\u0301")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "token:a, token:a, true",
    "token:a, token:ab, false",
    "token:a, jwt:corp/a, false",
    "token:*, token:ab, true",
    "token:*, token:, false",
    "spiffe://prod/*, spiffe://prod/a, true",
    "spiffe://prod/*, spiffe://prod/a/b, false",
    "spiffe://prod/*, spiffe://prod/, false",
    "spiffe://prod/**, spiffe://prod/a/b, true",
    "spiffe://prod/*/x, spiffe://prod/a/x, true",
    "spiffe://prod/*/x, spiffe://prod/a/b/x, false",
    "spiffe://prod/a*, spiffe://prod/abc, true",
    "dns:*.shop, dns:a.shop, true",
    "dns:*.shop, dns:a.b.shop, false",
    "jwt:corp/*, jwt:corp2/a, false",
    "authenticated, token:x, true",
    "authenticated, '', false",
    "anonymous, '', true",
    "anonymous, token:x, false",
  })
  void principals_matchByKindAndPattern(String who, String principal, boolean allowed) {
    AccessRules rules = rules("allow " + who + " acquire on x");

    assertThat(may(rules, principal, AccessOperation.ACQUIRE, "x")).isEqualTo(allowed);
  }

  @Test
  void alias_isOnePrincipal_withAllItsCredentials() {
    AccessRules rules =
        rules("alias o = token:o, jwt:corp/o", "allow o use on x", "revoke token:p", "revoke o");

    assertThat(may(rules, "jwt:corp/o", AccessOperation.ACQUIRE, "x")).isTrue();
    assertThat(may(rules, "o", AccessOperation.ACQUIRE, "x")).isTrue();
    assertThat(rules.canonical("token:o")).isEqualTo("o");
    assertThat(rules.areSame("token:o", "jwt:corp/o")).isTrue();
    assertThat(rules.areSame("token:o", "token:q")).isFalse();
    assertThat(rules.isRevoked("token:o")).isTrue();
    assertThat(rules.isRevoked("token:p")).isTrue();
    assertThat(rules.isRevoked("token:q")).isFalse();
  }

  @Test
  void starInAnAllow_leavesOutWhatMustBeNamed_andInADenyDoesNot() {
    AccessRules rules =
        rules(
            "allow token:a * on **",
            "allow token:b *, close on **",
            "allow token:c force-release on **",
            "deny token:c * on x");

    assertThat(may(rules, "token:a", AccessOperation.LIST, "x")).isTrue();
    for (AccessOperation each : AccessOperation.NAMED_ONLY) {
      assertThat(may(rules, "token:a", each, "x")).as(each.word()).isFalse();
    }
    assertThat(may(rules, "token:b", AccessOperation.CLOSE, "x")).isTrue();
    assertThat(may(rules, "token:b", AccessOperation.OPERATE, "x")).isFalse();
    assertThat(may(rules, "token:c", AccessOperation.FORCE_RELEASE, "x")).isFalse();
    assertThat(may(rules, "token:c", AccessOperation.FORCE_RELEASE, "y")).isTrue();
  }

  @Test
  void locksAndResources_areApart() {
    AccessRules rules =
        rules("allow token:a fence on x", "allow token:b fence, reset on resource x");
    PrincipalRights a = rules.rightsOf("token:a");
    PrincipalRights b = rules.rightsOf("token:b");

    assertThat(a.allows(AccessOperation.FENCE, TargetKind.LOCK, "x")).isTrue();
    assertThat(a.allows(AccessOperation.FENCE, TargetKind.RESOURCE, "x")).isFalse();
    assertThat(b.allows(AccessOperation.FENCE, TargetKind.LOCK, "x")).isFalse();
    assertThat(b.allows(AccessOperation.FENCE, TargetKind.RESOURCE, "x")).isTrue();
    assertThat(b.allows(AccessOperation.RESET, TargetKind.RESOURCE, "x")).isTrue();
  }

  @Test
  void principalWhoseRightsAreAllDenied_hasNone() {
    AccessRules rules =
        rules(
            "allow token:a acquire on a/b/**",
            "deny token:* acquire on a/**",
            "allow token:b admin");

    assertThat(rules.rightsOf("token:a").hasAny()).isFalse();
    assertThat(rules.rightsOf("token:b").hasAny()).isTrue();
  }

  @Test
  void listing_isPossibleBelowAPrefix_ifSomeNameMayBeAllowed() {
    PrincipalRights rights =
        rules("allow token:a list on a/b/**", "allow token:a list on c/d").rightsOf("token:a");

    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "")).isTrue();
    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "a/")).isTrue();
    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "a/b/c")).isTrue();
    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "c/")).isTrue();
    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "c/d/")).isFalse();
    assertThat(rights.mayAllowBelow(AccessOperation.LIST, "x")).isFalse();
  }

  @Test
  void orderOfTheLines_meansNothing_andCompiledRightsAgreeWithTheLines() {
    Random random = new Random(4711);
    for (int round = 0; round < 200; round++) {
      String[] lines =
          IntStream.range(0, 8).mapToObj(i -> randomLine(random)).toArray(String[]::new);
      AccessRules rules = rules(lines);
      String[] turned = lines.clone();
      java.util.Collections.reverse(Arrays.asList(turned));
      AccessRules reversed = rules(turned);
      for (String name : NAMES) {
        for (AccessOperation each : AccessOperation.allOn(TargetKind.LOCK)) {
          boolean allowed = may(rules, "token:a", each, name);
          assertThat(rules.explain("token:a", each, TargetKind.LOCK, name).allowed())
              .as("%s on %s by %s", each, name, Arrays.toString(lines))
              .isEqualTo(allowed);
          assertThat(may(reversed, "token:a", each, name)).isEqualTo(allowed);
        }
      }
    }
  }

  private static String randomLine(Random random) {
    String[] who = {"token:a", "token:*", "token:b", "authenticated"};
    String[] what = {"*", "use", "acquire", "acquire, close", "list, inspect"};
    String[] where = {"**", "a", "a/**", "a/b/**", "a/b", "/**", "a//**", "b"};
    return (random.nextInt(3) == 0 ? "deny " : "allow ")
        + who[random.nextInt(who.length)]
        + " "
        + what[random.nextInt(what.length)]
        + " on "
        + where[random.nextInt(where.length)];
  }

  /** A look-up that copied the name at each of its slashes would allocate gigabytes. */
  @Test
  void longNameOfManySlashes_costsNoMoreThanItsLength() {
    AccessRules rules = rules("allow token:a acquire on a/b/**");
    String name = "/".repeat(60_000);
    assertThat(may(rules, "token:a", AccessOperation.ACQUIRE, name)).isFalse();
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();

    assertThat(may(rules, "token:a", AccessOperation.ACQUIRE, name)).isFalse();

    assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(1024 * 1024);
  }
}
