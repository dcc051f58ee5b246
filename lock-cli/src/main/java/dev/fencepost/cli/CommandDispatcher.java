package dev.fencepost.cli;

import dev.fencepost.cli.command.CliSubcommand;
import dev.fencepost.cli.command.CommandSpecs;
import dev.fencepost.cli.command.SubcommandList;
import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.CallException;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.lock.InvalidValueException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The whole command line: finds the command, runs it, and answers for what goes wrong. */
final class CommandDispatcher {
  /** What Java makes of bytes that the locale cannot read. */
  private static final char REPLACEMENT = '\uFFFD';

  /** By far the most common signal that ends a wait. */
  private static final int SIGINT = 2;

  private final CommandConsole console;

  CommandDispatcher(CommandConsole console) {
    this.console = console;
  }

  /** Runs a command line and returns its exit code. */
  int run(String... words) {
    try {
      return dispatch(List.of(words));
    } catch (ParameterException | InvalidValueException | UsageException e) {
      return fail(ExitCode.USAGE, e);
    } catch (CallException e) {
      return fail(e.exitCode(), e);
    } catch (InterruptedException e) {
      return ExitCode.ofSignal(SIGINT);
    } catch (RuntimeException | LinkageError e) {
      // Our own fault: nobody may take it for a "no", which has the code that Java would give.
      e.printStackTrace(console.err());
      return ExitCode.UNAVAILABLE.code();
    } finally {
      console.out().flush();
      console.err().flush();
    }
  }

  /** The text of {@code fencepost --help}. */
  static String help() {
    try (InputStream in = CommandDispatcher.class.getResourceAsStream("help.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int dispatch(List<String> words) throws InterruptedException {
    requireReadable(words);
    int at = 0;
    while (at < words.size() && words.get(at).startsWith("-")) {
      if (words.get(at).equals("-h") || words.get(at).equals("--help")) {
        console.out().print(help());
        return ExitCode.DONE.code();
      }
      at += CommandSpecs.words(words.get(at));
    }
    if (at >= words.size()) {
      console.err().print(help());
      return ExitCode.USAGE.code();
    }
    String name = words.get(at);
    Optional<CliSubcommand> command = SubcommandList.find(name);
    if (command.isEmpty()) {
      throw new UsageException("there is no command " + LockText.printable(name));
    }
    List<String> own = new ArrayList<>(words.subList(0, at));
    own.addAll(words.subList(at + 1, words.size()));
    return run(command.get(), CommandSpecs.of(name, command.get()), own);
  }

  private int run(CliSubcommand command, CommandSpec spec, List<String> words)
      throws InterruptedException {
    CommandLine line = new CommandLine(spec);
    ParseResult parsed = line.parseArgs(words.toArray(String[]::new));
    if (parsed.isUsageHelpRequested()) {
      line.usage(console.out());
      return ExitCode.DONE.code();
    }
    CommandInvocation call = new CommandInvocation(parsed, console);
    if (!command.formats().contains(call.format())) {
      throw new UsageException("-o " + call.format().word() + " is not for " + spec.name());
    }
    return command.run(call);
  }

  /** A name that arrives mangled would be another lock's: better none. */
  private static void requireReadable(List<String> words) {
    if (words.stream().anyMatch(word -> word.indexOf(REPLACEMENT) >= 0)) {
      throw new UsageException(
          "the locale ("
              + Arrays.asList(System.getProperty("sun.jnu.encoding"))
              + ") cannot read the command line; set LC_ALL=C.UTF-8");
    }
  }

  private int fail(ExitCode code, Exception e) {
    console.note(String.valueOf(e.getMessage()));
    return code.code();
  }
}
