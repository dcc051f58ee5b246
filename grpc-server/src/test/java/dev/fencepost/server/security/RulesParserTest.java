package dev.fencepost.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.server.security.RulesProblem.Severity;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RulesParserTest {
  private static final String DESIGN =
      """
      version 1
      alias orders = spiffe://prod/orders, token:orders, jwt:corp/orders    # one principal
      alias billing=spiffe://prod/billing
      group shop   = orders, billing, dns:*.shop.internal                   # for rules only
      group ops    = token:alice, jwt:corp/*
      allow shop   use                                  on shop/**
      deny  shop   *                                    on shop/payroll/**
      allow orders fence                                on resource stock/**
      allow ops    operate, force-release, use, list    on **
      allow ops    reset                                on resource **
      allow ops    metrics, admin
      revoke token:old-batch
      revoke cert sha256:%s
      revoke jwt-id 4711
      """
          .formatted("9f".repeat(32));

  private static final String[] PIECES = {
    "version",
    "1",
    "allow",
    "deny",
    "alias",
    "group",
    "revoke",
    "on",
    "resource",
    "cert",
    "=",
    ",",
    "#",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "*",
    "**",
    "x/**",
    "token:a",
    "dns:*.b",
    "use",
    "spiffe://p/q",
    "acquire",
    "a",
    "b",
    "\uFEFF",
    "\u202E",
    "\u0000",
    "\u00a0",
    "é",
    "jwt-id",
    "\ud83d\ude00",
    "sha256:" + "0".repeat(64),
    "anonymous"
  };

  static RulesFile parse(String... lines) {
    return RulesParser.parse(
        ("version 1\n" + String.join("\n", lines)).getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> errors(RulesFile file) {
    return problems(file, Severity.ERROR);
  }

  private static List<String> problems(RulesFile file, Severity severity) {
    return file.problems().stream()
        .filter(each -> each.severity() == severity)
        .map(each -> each.at("rules"))
        .toList();
  }

  @Test
  void fileOfTheDesign_hasNoProblem() {
    RulesFile file = RulesParser.parse(DESIGN.getBytes(StandardCharsets.UTF_8));

    assertThat(file.problems()).isEmpty();
    assertThat(file.rules()).hasSize(6);
    assertThat(file.aliasByName()).containsEntry("token:orders", "orders").hasSize(4);
    assertThat(file.revoked().certificates()).containsExactly("9f".repeat(32));
    assertThat(file.digest()).hasSize(16);
  }

  @Test
  void allErrors_areReportedAtOnce_byLine() {
    RulesFile file =
        parse(
            "allow token:a aquire on x",
            "alow token:a acquire on x",
            "allow tokn:a acquire on x",
            "allow token:a acquire, lst, use on x",
            "group g = token:a token:b");

    assertThat(errors(file))
        .containsExactly(
            "rules:2: \"aquire\" (expected: an operation; did you mean acquire?)",
            "rules:3: \"alow\" (expected: one of allow, deny, alias, group, revoke; did you mean"
                + " allow?)",
            "rules:4: \"tokn:a\" (expected: a kind of principal: spiffe://, uri:, dns:, cn:,"
                + " token:, jwt:, store:)",
            "rules:5: \"lst\" (expected: an operation; did you mean list?)",
            "rules:6: after \"token:a\" (expected: a comma)");
    assertThat(file.isValid()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "allow token:a acquire                | \"acquire\" (expected: acquire on NAME;",
        "allow token:a admin on x             | \"admin\" (expected: admin without on",
        "allow token:a reset on x             | \"reset\" (expected: reset on resource NAME)",
        "allow token:a acquire on resource x  | \"acquire\" (expected: acquire on NAME; a resource",
        "allow token:a use on resource x      | \"use\" (expected: use on NAME; a resource",
        "allow token:a *                      | \"*\" (expected: on NAME after it)",
        "allow token:a                        | the line is too short",
        "allow token:a acquire on             | after on stand 0 words",
        "allow token:a acquire on x y         | after on stand 2 words",
        "allow token:a acquire on \"\"        | name: \"\" (expected: 1–512 bytes",
        "allow token:a acquire, on x          | the list has no end",
        "allow token:a acquire on a\"b        | a word with \" stands in quotes",
        "allow token:a acquire on a#b         | a word with # stands in quotes",
        "allow token:a acquire on \"a         | the quotes are not closed",
        "allow token:a acquire on \"a\\n\"    | a backslash in quotes",
        "allow nobody acquire on x            | \"nobody\" (expected: an alias, a group or a name",
        "allow anonymus acquire on x          | did you mean anonymous?",
        "allow token: acquire on x            | a name after token:",
        "allow dns:A.b acquire on x           | a DNS name in lower case",
        "allow jwt:**/x acquire on x          | ** at the end only",
        "allow * acquire on x                 | a kind of principal",
        "alias a = token:*                    | an exact name; patterns belong into a group",
        "alias A = token:a                    | a word of 1–63 characters",
        "alias on = token:a                   | a word of 1–63 characters",
        "alias a token:a                      | expected: alias WORD = NAME",
        "group g = g                          | contains itself",
        "revoke                               | expected: revoke PRINCIPAL",
        "revoke cert sha256:12                | sha256: and 64 hex digits",
        "revoke token:*                       | an exact name or an alias",
        "revoke bob                           | an alias, or a kind of principal",
      })
  void fault_isNamed(String line, String message) {
    assertThat(errors(parse(line))).hasSize(1).first().asString().contains("rules:2: ", message);
  }

  @Test
  void definitions_areUnique() {
    RulesFile file =
        parse("alias a = token:a", "group a = token:b", "alias b = token:a", "allow a, b use on x");

    assertThat(errors(file))
        .contains(
            "rules:3: \"a\" is defined in line 2 already",
            "rules:4: \"token:a\" belongs to the alias a already");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n# nothing\n", "version 2\n", "allow token:a use on x\n"})
  void firstLine_isTheVersion(String text) {
    assertThat(errors(RulesParser.parse(text.getBytes(StandardCharsets.UTF_8))))
        .hasSize(1)
        .first()
        .asString()
        .contains("version 1");
  }

  @Test
  void bytesThatAreNotUtf8_tooManyBytes_tooManyLines_areRefused() {
    assertThat(errors(RulesParser.parse(new byte[] {(byte) 0xff}))).hasSize(1);
    assertThat(errors(RulesParser.parse(new byte[RulesParser.MAX_BYTES + 1]))).hasSize(1);
    String lines = "version 1\n" + "\n".repeat(RulesParser.MAX_LINES);
    assertThat(errors(RulesParser.parse(lines.getBytes(StandardCharsets.UTF_8)))).hasSize(1);
  }

  @Test
  void ruleUnderADenial_unusedWord_strangeName_areWarnedOf() {
    RulesFile file =
        parse(
            "alias a = token:a",
            "group g = token:b",
            "allow token:a acquire on x/y/**",
            "deny authenticated * on x/**",
            "allow token:a acquire on \"caf\u00e9\"",
            "allow token:c acquire on x*");

    assertThat(file.isValid()).isTrue();
    assertThat(problems(file, Severity.WARNING))
        .containsExactly(
            "rules:2: warning: \"a\" is used by no rule",
            "rules:3: warning: \"g\" is used by no rule",
            "rules:4: warning: \"token:a\" is one credential of a; this line is about no other of"
                + " them",
            "rules:4: warning: never in force because of the deny in line 5",
            "rules:6: warning: \"token:a\" is one credential of a; this line is about no other of"
                + " them",
            "rules:6: warning: the name has characters other than ASCII, which may look alike:"
                + " U+00E9",
            "rules:7: warning: \"x*\" has a *, which is an ordinary character there; below a"
                + " prefix is PREFIX/**");
  }

  @Test
  void windowsLineEnds_tabs_andWordsBeforeTheirDefinition_areFine() {
    RulesFile file = parse("allow\tg\tuse\ton\tx\r", "group g = token:b, h\r", "group h=token:c\r");

    assertThat(file.problems()).isEmpty();
    assertThat(file.rules().get(0).who()).hasSize(2);
  }

  @Test
  void deepGroups_areAnErrorInEachOrderOfTheLines() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 9_000; i++) {
      lines.add("group g" + i + " = g" + (i + 1));
    }
    lines.add("group g9000 = token:a");
    List<String> reverse = new ArrayList<>(lines);
    Collections.reverse(reverse);

    for (List<String> each : List.of(lines, reverse)) {
      RulesFile file = parse(each.toArray(String[]::new));

      assertThat(file.isValid()).isFalse();
      assertThat(errors(file)).allMatch(error -> error.contains("more than 16 groups deep"));
    }
  }

  @Test
  void sixteenGroups_mayStandInEachOther() {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i < 16; i++) {
      lines.add("group g" + i + " = g" + (i + 1));
    }
    lines.add("group g16 = token:a");
    lines.add("allow g1 use on x");

    RulesFile file = parse(lines.toArray(String[]::new));

    assertThat(errors(file)).isEmpty();
    assertThat(AccessRules.of(file).rightsOf("token:a").allowsOnLock(AccessOperation.ACQUIRE, "x"))
        .isTrue();
  }

  @Test
  void groupsWithTooManyMembersInAll_areOneError() {
    StringBuilder base = new StringBuilder("group base = token:a");
    for (int i = 0; i < 10_000; i++) {
      base.append(", token:").append(i);
    }
    List<String> lines = new ArrayList<>(List.of(base.toString()));
    for (int i = 0; i < 1_000; i++) {
      lines.add("group g" + i + " = base");
    }

    assertThat(errors(parse(lines.toArray(String[]::new))))
        .containsExactly("rules: all groups together have more than 100000 members");
  }

  @Test
  void rulesAboutTooManyPrincipalsInAll_areOneError() {
    StringBuilder base = new StringBuilder("group base = token:a");
    for (int i = 0; i < 10_000; i++) {
      base.append(", token:").append(i);
    }
    List<String> lines = new ArrayList<>(List.of(base.toString()));
    for (int i = 0; i < 100; i++) {
      lines.add("allow base use on n" + i);
    }

    assertThat(errors(parse(lines.toArray(String[]::new))))
        .containsExactly("rules: the rules are about more than 1000000 principals in all");
  }

  @Test
  void manyMisspeltWords_haveHintsOnTheFirstScreenOnly() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      lines.add("group some-service-" + i + " = token:a");
      lines.add("allow some-servixe-" + i + " use on n");
    }

    List<String> errors = errors(parse(lines.toArray(String[]::new)));

    assertThat(errors).hasSize(300);
    assertThat(errors.stream().filter(each -> each.contains("did you mean"))).hasSize(50);
  }

  @Test
  void manyAllowsAndDenies_areNotComparedInAllPairs() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      lines.add("deny token:a" + i + " use on n/**");
      lines.add("allow token:b use on n/**");
    }

    assertThat(problems(parse(lines.toArray(String[]::new)), Severity.WARNING))
        .containsExactly(
            "rules: warning: too many rules to find all that are never in force because of a deny");
  }

  @Test
  void keywordInQuotes_isNone() {
    assertThat(errors(parse("\"allow\" token:a use on x")))
        .containsExactly(
            "rules:2: \"allow\" (expected: one of allow, deny, alias, group, revoke, not in"
                + " quotes)");
    assertThat(errors(RulesParser.parse("\"version\" 1\n".getBytes(StandardCharsets.UTF_8))))
        .hasSize(1);
  }

  @Test
  void byteOrderMark_isNamed() {
    byte[] content = "\uFEFFversion 1\n".getBytes(StandardCharsets.UTF_8);

    assertThat(errors(RulesParser.parse(content)))
        .containsExactly("rules:1: the file begins with a byte order mark (expected: version 1)");
  }

  /** Valid or not: an answer, never an exception, and every error has a line of the file. */
  @Test
  void randomFiles_areJudgedWithoutAnException() {
    Random random = new Random(20);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder(i % 2 == 0 ? "version 1\n" : "");
      for (int j = random.nextInt(30); j > 0; j--) {
        text.append(PIECES[random.nextInt(PIECES.length)]);
        text.append(random.nextInt(3) == 0 ? "" : " ");
      }
      byte[] content = text.toString().getBytes(StandardCharsets.UTF_8);
      if (content.length > 0 && i % 5 == 0) {
        content[random.nextInt(content.length)] = (byte) random.nextInt();
      }

      RulesFile file = RulesParser.parse(content);

      int lines = text.toString().split("\n", -1).length + 1;
      assertThat(file.problems()).allMatch(each -> each.line() >= 0 && each.line() <= lines);
      if (file.isValid()) {
        AccessRules.of(file).rightsOf("token:a").allowsOnLock(AccessOperation.ACQUIRE, "x/y");
      }
    }
  }
}
