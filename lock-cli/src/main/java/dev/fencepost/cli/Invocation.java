package dev.fencepost.cli;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.HumanDuration;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One call of a command: its options as typed values, the environment behind them. */
final class Invocation {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private final ParseResult parsed;
  private final Console console;

  Invocation(ParseResult parsed, Console console) {
    this.parsed = parsed;
    this.console = console;
  }

  Console console() {
    return console;
  }

  CommandSpec spec() {
    return parsed.commandSpec();
  }

  /** The words of the command line as they were given. */
  List<String> words() {
    return parsed.originalArgs();
  }

  /** The words that no option of the command accounts for. */
  List<String> unmatched() {
    return parsed.unmatched();
  }

  boolean has(String option) {
    return parsed.hasMatchedOption(option);
  }

  Optional<String> text(String option) {
    return Optional.ofNullable(parsed.matchedOptionValue(option, (String) null));
  }

  List<String> texts(String option) {
    return parsed.matchedOptionValue(option, List.of());
  }

  Optional<Duration> duration(String option) {
    return text(option)
        .map(text -> HumanDuration.parse(option, text))
        .map(d -> atLeast0(option, d));
  }

  /** A whole number of at least {@code least}. */
  Optional<Integer> number(String option, int least) {
    return text(option)
        .map(
            text -> {
              try {
                int value = Integer.parseInt(text);
                if (value >= least) {
                  return value;
                }
              } catch (NumberFormatException e) {
                // Reported below, together with what is too small.
              }
              throw InvalidValueException.of(option, text, "a number of at least " + least);
            });
  }

  Optional<String> parameter(int index) {
    return parsed.hasMatchedPositional(index)
        ? Optional.ofNullable(parsed.matchedPositionalValue(index, (String) null))
        : Optional.empty();
  }

  /** All parameters from a place on. */
  List<String> parametersFrom(int index) {
    return parsed.hasMatchedPositional(index)
        ? parsed.matchedPositionalValue(index, List.of())
        : List.of();
  }

  /** The lock named first on the command line, else by the environment. */
  LockName lock() {
    return new LockName(
        parameter(0)
            .or(() -> console.variable("FENCEPOST_LOCK"))
            .orElseThrow(() -> missing("NAME", "FENCEPOST_LOCK")));
  }

  /** The claim named by an option, else by the environment. */
  ClaimId claim() {
    return text("--claim")
        .or(() -> console.variable("FENCEPOST_CLAIM"))
        .map(ClaimId::new)
        .orElseThrow(() -> missing("--claim", "FENCEPOST_CLAIM"));
  }

  /** The token named by an option, else by the environment. */
  FencingToken token() {
    return token("--token")
        .or(() -> console.variable("FENCEPOST_TOKEN").map(text -> token("FENCEPOST_TOKEN", text)))
        .orElseThrow(() -> missing("--token", "FENCEPOST_TOKEN"));
  }

  Optional<FencingToken> token(String option) {
    return text(option).map(text -> token(option, text));
  }

  OutputFormat format() {
    String word = text("-o").orElse(OutputFormat.TEXT.word());
    for (OutputFormat format : OutputFormat.values()) {
      if (format.word().equals(word)) {
        return format;
      }
    }
    throw InvalidValueException.of("-o", word, "text, json or env");
  }

  /** How long servers may take, beyond the time that was asked for to wait in line. */
  Duration timeout() {
    Duration timeout = duration("--timeout").orElse(DEFAULT_TIMEOUT);
    if (timeout.isZero()) {
      throw InvalidValueException.of("--timeout", "0", "more than nothing");
    }
    return timeout;
  }

  /** The servers to ask, in the order in which they are asked. */
  List<ServerAddress> servers() {
    return text("--server")
        .or(() -> console.variable("FENCEPOST_SERVER"))
        .map(ServerAddress::parseList)
        .orElse(List.of(ServerAddress.DEFAULT));
  }

  /** Where the answer goes. */
  Output output() {
    return new Output(console.out(), format());
  }

  private static FencingToken token(String field, String text) {
    try {
      return new FencingToken(Long.parseLong(text));
    } catch (NumberFormatException e) {
      throw InvalidValueException.of(field, text, "a fencing token: a whole number of at least 1");
    } catch (InvalidValueException e) {
      throw e.at(field);
    }
  }

  private static Duration atLeast0(String option, Duration duration) {
    if (duration.isNegative()) {
      throw InvalidValueException.of(option, HumanDuration.print(duration), "0 or more");
    }
    return duration;
  }

  private static UsageException missing(String what, String variable) {
    return new UsageException(what + " is missing, and " + variable + " is not set");
  }
}
