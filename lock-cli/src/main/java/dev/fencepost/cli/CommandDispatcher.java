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

/** Finds the subcommand of a command line, runs it, and turns failures into exit codes. */
final class CommandDispatcher {
  /** The character that Java puts in place of bytes that the locale cannot decode. */
  private static final char REPLACEMENT = '\uFFFD';

  /** The signal assumed when a wait was interrupted: by far the most common one. */
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
      // A bug. Exit code 1, which Java would give, means "no", so another code is needed.
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
    requireDecoded(words);
    int index = 0;
    while (index < words.size() && words.get(index).startsWith("-")) {
      if (words.get(index).equals("-h") || words.get(index).equals("--help")) {
        console.out().print(help());
        return ExitCode.DONE.code();
      }
      index += CommandSpecs.words(words.get(index));
    }
    if (index >= words.size()) {
      console.err().print(help());
      return ExitCode.USAGE.code();
    }
    String name = words.get(index);
    Optional<CliSubcommand> command = SubcommandList.find(name);
    if (command.isEmpty()) {
      throw new UsageException("there is no command " + LockText.printable(name));
    }
    List<String> own = new ArrayList<>(words.subList(0, index));
    own.addAll(words.subList(index + 1, words.size()));
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
    CommandInvocation invocation = new CommandInvocation(parsed, console);
    if (!command.formats().contains(invocation.format())) {
      throw new UsageException("-o " + invocation.format().word() + " is not for " + spec.name());
    }
    return command.run(invocation);
  }

  /** Refuses arguments that the locale could not decode: a garbled name would be another lock. */
  private static void requireDecoded(List<String> words) {
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
