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

/** One invocation of a subcommand: its options as typed values, with the environment as default. */
public final class CommandInvocation {
  /** The longest wait that any server allows. */
  public static final Duration MAX_WAIT = Duration.ofHours(24);

  /** An upper limit, about a century, that is within the range of the clock. */
  public static final Duration MAX_DURATION = Duration.ofDays(36_500);

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration MIN_TIMEOUT = Duration.ofMillis(1);
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

  /** The words of the command line, unchanged. */
  public List<String> words() {
    return parsed.originalArgs();
  }

  /** The words that match no option or parameter. */
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

  /** A duration from zero to {@code max}. */
  public Optional<Duration> duration(String option, Duration max) {
    return duration(option, Duration.ZERO, max);
  }

  /** A duration from {@code min} to {@code max}. */
  public Optional<Duration> duration(String option, Duration min, Duration max) {
    return text(option)
        .map(
            text -> {
              Duration value = DurationFormat.parse(option, text);
              if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
                String range = DurationFormat.print(min) + "–" + DurationFormat.print(max);
                throw InvalidValueException.of(option, text, range);
              }
              return value;
            });
  }

  /** A whole number from {@code min} to {@code max}. */
  public Optional<Integer> number(String option, int min, int max) {
    return text(option)
        .map(
            text -> {
              try {
                int value = Integer.parseInt(text);
                if (value >= min && value <= max) {
                  return value;
                }
              } catch (NumberFormatException e) {
                // Reported below, like a number out of range.
              }
              throw InvalidValueException.of(option, text, min + "–" + max);
            });
  }

  public Optional<String> parameter(int index) {
    return parsed.hasMatchedPositional(index)
        ? Optional.ofNullable(parsed.matchedPositionalValue(index, (String) null))
        : Optional.empty();
  }

  /** All parameters from an index on. */
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

  /** The time that servers may take, beyond the requested wait. */
  public Duration timeout() {
    return duration("--timeout", MIN_TIMEOUT, MAX_WAIT).orElse(DEFAULT_TIMEOUT);
  }

  /** How the servers are reached: by options, the environment, a context, or the default. */
  public ServerConnection connection() {
    return new ConnectionReader(this).read();
  }

  /** Prints the answer. */
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
