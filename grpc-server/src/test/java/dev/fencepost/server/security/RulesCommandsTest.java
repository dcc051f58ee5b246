package dev.fencepost.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.InvalidValueException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RulesCommandsTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final RulesCommands commands =
      new RulesCommands(
          new PrintStream(out, true, StandardCharsets.UTF_8),
          new PrintStream(err, true, StandardCharsets.UTF_8));

  @TempDir Path folder;

  private String file(String name, String... lines) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, "version 1\n" + String.join("\n", lines) + "\n");
    return file.toString();
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8).replace(folder + "/", "");
  }

  @Test
  void check_saysWhatEachPrincipalGainsAndLoses() throws IOException {
    String old = file("old", "allow token:a use on a/**", "allow token:b list on **");
    String now =
        file(
            "new",
            "allow token:a acquire, inspect on a/**",
            "deny token:a * on a/b/**",
            "allow token:c fence on resource r",
            "allow token:b admin");

    assertThat(commands.check(now, Optional.of(old))).isZero();

    assertThat(printed().lines().limit(6))
        .containsExactly(
            "loses  token:a: watch, fence on a/**",
            "loses  token:a: acquire, inspect, watch, fence on a/b/**",
            "gains  token:b: admin",
            "loses  token:b: list on **",
            "loses  token:b: list on a/**",
            "loses  token:b: list on a/b/**");
    assertThat(printed()).contains("gains  token:c: fence on resource r", "new: valid, 4 rules");
  }

  @Test
  void check_printsErrorsWithTheirLines_andIs78() throws IOException {
    String broken = file("broken", "allow token:a aquire on x");

    assertThat(commands.check(broken, Optional.empty())).isEqualTo(78);

    assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("broken:2: \"aquire\"");
    assertThat(commands.check(folder.resolve("none").toString(), Optional.empty())).isEqualTo(78);
  }

  @Test
  void can_answersWithTheLineThatDecides() throws IOException {
    String rules =
        file(
            "rules",
            "allow token:a use on a/**",
            "deny token:a acquire on a/b",
            "allow anonymous metrics",
            "allow token:a reset on resource r",
            "revoke token:r");

    assertThat(commands.can(rules, "token:a", "acquire", List.of("a/x"))).isZero();
    assertThat(commands.can(rules, "token:a", "acquire", List.of("a/b"))).isEqualTo(1);
    assertThat(commands.can(rules, "token:b", "acquire", List.of("a/b"))).isEqualTo(1);
    assertThat(commands.can(rules, "anonymous", "metrics", List.of())).isZero();
    assertThat(commands.can(rules, "token:a", "reset", List.of("resource", "r"))).isZero();
    assertThat(commands.can(rules, "token:r", "metrics", List.of())).isEqualTo(1);

    assertThat(printed().lines())
        .containsExactly(
            "yes: rules:2",
            "no: rules:3",
            "no: no line of rules",
            "yes: rules:4",
            "yes: rules:5",
            "no: token:r is revoked");
  }

  @Test
  void can_refusesAnUnknownOperation_andOneWithoutItsName() throws IOException {
    String rules = file("rules");

    assertThatThrownBy(() -> commands.can(rules, "token:a", "aquire", List.of("x")))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("did you mean acquire?");
    assertThatThrownBy(() -> commands.can(rules, "token:a", "acquire", List.of()))
        .isInstanceOf(InvalidValueException.class);
    assertThatThrownBy(() -> commands.can(rules, "token:a", "reset", List.of("x")))
        .isInstanceOf(InvalidValueException.class);
  }
}
