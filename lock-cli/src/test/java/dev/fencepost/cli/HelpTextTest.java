package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.cli.command.CommandSpecs;
import dev.fencepost.cli.command.SubcommandList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Compares the help with the committed text and with the options of the commands. */
class HelpTextTest {
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])(--?[A-Za-z][a-z-]*)");

  @Test
  void help_isTheCommittedText() throws IOException {
    CapturedCli.Result result = new CapturedCli().run("--help");
    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo(golden());
    assertThat(new CapturedCli().run("-h").out()).isEqualTo(golden());
  }

  @Test
  void help_isWhatTheManualShows() throws IOException {
    assertThat(Files.readString(Path.of("..", "docs", "cli.md"))).contains(golden());
  }

  @Test
  void help_namesEveryCommandAndEveryOptionAndNoOther() throws IOException {
    Set<String> known = new TreeSet<>();
    for (CommandSpec command :
        CommandSpecs.whole().subcommands().values().stream()
            .map(c -> c.getCommandSpec())
            .toList()) {
      command.options().stream().map(OptionSpec::longestName).forEach(known::add);
    }
    Set<String> shown = new TreeSet<>();
    Matcher matcher = OPTION.matcher(golden().replaceAll("--KEY=VALUE", ""));
    while (matcher.find()) {
      shown.add(matcher.group(1));
    }
    assertThat(shown).isEqualTo(known);
    String golden = golden();
    SubcommandList.NAMES.forEach(
        name -> assertThat(golden.lines()).anyMatch(l -> l.matches(".*\\b" + name + "\\b.*")));
  }

  @Test
  void helpOfEachCommand_namesItsOptions() {
    for (String name : SubcommandList.NAMES) {
      CapturedCli.Result result = new CapturedCli().run(name, "--help");
      assertThat(result.code()).isZero();
      assertThat(result.out()).contains("Usage: fencepost " + name);
      CommandSpecs.of(name, SubcommandList.find(name).orElseThrow())
          .options()
          .forEach(option -> assertThat(result.out()).contains(option.longestName()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash"})
  void completion_isSourcedCleanlyAndCompletesCommandsAndOptions(String shell, @TempDir Path folder)
      throws Exception {
    Path script = folder.resolve("completion");
    Files.writeString(script, new CapturedCli().run("completion").out());
    String probe =
        "compopt() { :; }; set -eu; source "
            + script
            + "; set +eu; COMP_LINE=\"fencepost $*\"; COMP_WORDS=(fencepost \"$@\");"
            + " COMP_CWORD=$(($#)); _complete_fencepost; echo \"${COMPREPLY[*]}\"";
    assertThat(sh(shell, probe, "force-r")).isEqualTo("force-release\n");
    assertThat(sh(shell, probe, "acquire", "--lock")).isEqualTo("--lock-delay\n");
  }

  private static String sh(String shell, String script, String... words) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(shell, "-c", script, shell);
    builder.command().addAll(List.of(words));
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  private static String golden() throws IOException {
    return Files.readString(Path.of("src/test/resources/dev/fencepost/cli/help.golden"));
  }
}
