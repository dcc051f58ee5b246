package dev.fencepost.cli.console;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One call of a command: its options as typed values, the environment behind them. */
public final class CommandInvocation {
  /** The longest time that a server lets a claim wait, whatever its own settings are. */
  public static final Duration LONGEST_WAIT = Duration.ofHours(24);

  /** Longer than anything lasts, and yet within the range of the clock. */
  public static final Duration A_CENTURY = Duration.ofDays(36_500);

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);
  private static final Pattern TOKEN = Pattern.compile("[0-9]{1,19}");

  private final ParseResult parsed;
  private final CommandConsole console;

  public CommandInvocation(ParseResult parsed, CommandConsole console) {
    this.parsed = parsed;
    this.console = console;
  }

  public CommandConsole console() {
    return console;
  }

  CommandSpec spec() {
    return parsed.commandSpec();
  }

  /** The words of the command line as they were given. */
  public List<String> words() {
    return parsed.originalArgs();
  }

  /** The words that no option of the command accounts for. */
  public List<String> unmatched() {
    return parsed.unmatched();
  }

  public boolean has(String option) {
    return parsed.hasMatchedOption(option);
  }

  public Optional<String> text(String option) {
    return Optional.ofNullable(parsed.matchedOptionValue(option, (String) null));
  }

  public List<String> texts(String option) {
    return parsed.matchedOptionValue(option, List.of());
  }

  /** A duration from nothing to {@code most}. */
  public Optional<Duration> duration(String option, Duration most) {
    return duration(option, Duration.ZERO, most);
  }

  /** A duration from {@code least} to {@code most}. */
  public Optional<Duration> duration(String option, Duration least, Duration most) {
    return text(option)
        .map(
            text -> {
              Duration value = DurationFormat.parse(option, text);
              if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
                String range = DurationFormat.print(least) + "–" + DurationFormat.print(most);
                throw InvalidValueException.of(option, text, range);
              }
              return value;
            });
  }

  /** A whole number from {@code least} to {@code most}. */
  public Optional<Integer> number(String option, int least, int most) {
    return text(option)
        .map(
            text -> {
              try {
                int value = Integer.parseInt(text);
                if (value >= least && value <= most) {
                  return value;
                }
              } catch (NumberFormatException e) {
                // Reported below, together with what is out of range.
              }
              throw InvalidValueException.of(option, text, least + "–" + most);
            });
  }

  public Optional<String> parameter(int index) {
    return parsed.hasMatchedPositional(index)
        ? Optional.ofNullable(parsed.matchedPositionalValue(index, (String) null))
        : Optional.empty();
  }

  /** All parameters from a place on. */
  public List<String> parametersFrom(int index) {
    return parsed.hasMatchedPositional(index)
        ? parsed.matchedPositionalValue(index, List.of())
        : List.of();
  }

  /** The lock named first on the command line, else by the environment. */
  public LockName lock() {
    return new LockName(
        parameter(0)
            .or(() -> console.variable("FENCEPOST_LOCK"))
            .orElseThrow(() -> missing("NAME", "FENCEPOST_LOCK")));
  }

  /** The claim named by an option, else by the environment. */
  public ClaimId claim() {
    return text("--claim")
        .or(() -> console.variable("FENCEPOST_CLAIM"))
        .map(ClaimId::new)
        .orElseThrow(() -> missing("--claim", "FENCEPOST_CLAIM"));
  }

  /** The token named by an option, else by the environment. */
  public FencingToken token() {
    return token("--token")
        .or(() -> console.variable("FENCEPOST_TOKEN").map(text -> token("FENCEPOST_TOKEN", text)))
        .orElseThrow(() -> missing("--token", "FENCEPOST_TOKEN"));
  }

  public Optional<FencingToken> token(String option) {
    return text(option).map(text -> token(option, text));
  }

  public OutputFormat format() {
    String word = text("-o").orElse(OutputFormat.TEXT.word());
    for (OutputFormat format : OutputFormat.values()) {
      if (format.word().equals(word)) {
        return format;
      }
    }
    throw InvalidValueException.of("-o", word, "text, json or env");
  }

  /** How long servers may take, beyond the time that was asked for to wait in line. */
  public Duration timeout() {
    return duration("--timeout", SHORTEST_TIMEOUT, LONGEST_WAIT).orElse(DEFAULT_TIMEOUT);
  }

  /** The servers to ask, in the order in which they are asked. */
  public List<ServerAddress> servers() {
    return text("--server")
        .or(() -> console.variable("FENCEPOST_SERVER"))
        .map(ServerAddress::parseList)
        .orElse(List.of(ServerAddress.DEFAULT));
  }

  /** Where the answer goes. */
  public AnswerPrinter output() {
    return new AnswerPrinter(console.out(), format());
  }

  private static FencingToken token(String field, String text) {
    try {
      if (!TOKEN.matcher(text).matches()) {
        throw new NumberFormatException(text);
      }
      return new FencingToken(Long.parseLong(text));
    } catch (NumberFormatException e) {
      throw InvalidValueException.of(field, text, "a fencing token: a whole number of at least 1");
    } catch (InvalidValueException e) {
      throw e.at(field);
    }
  }

  private static UsageException missing(String what, String variable) {
    return new UsageException(what + " is missing, and " + variable + " is not set");
  }
}
