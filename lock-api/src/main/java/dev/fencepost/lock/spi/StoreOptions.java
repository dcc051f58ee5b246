package dev.fencepost.lock.spi;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A backend's own options as it reads them: each by its name, in its range, and none that it does
 * not ask for. Every refusal is a {@link StoreConfigurationException} that begins with {@code store
 * option NAME: } and says what was expected. Not thread-safe.
 */
public final class StoreOptions {
  private static final Duration LONGEST_RETENTION = Duration.ofDays(3650);

  private final Map<String, String> left;
  private final Set<String> known = new TreeSet<>();

  /** The options of some settings, none of them read yet. */
  public StoreOptions(StoreSettings settings) {
    left = new HashMap<>(settings.options());
  }

  /** Any text: for secrets, too, as it is never part of a refusal. */
  public Optional<String> text(String name) {
    known.add(name);
    return Optional.ofNullable(left.remove(name));
  }

  /** {@code true} or {@code false}; false if it is not given. */
  public boolean flag(String name) {
    String text = text(name).orElse("false");
    if (!text.equals("true") && !text.equals("false")) {
      throw refused(name, text, "true or false");
    }
    return text.equals("true");
  }

  /** A whole number from {@code least} to {@code most}. */
  public Optional<Integer> number(String name, int least, int most) {
    return text(name).map(text -> number(name, text, least, most));
  }

  /** A duration with a unit, from {@code least} to {@code most}. */
  public Optional<Duration> duration(String name, Duration least, Duration most) {
    return text(name).map(text -> duration(name, text, least, most));
  }

  /** A retention time for unused data: from {@code least} to ten years. */
  public Optional<Duration> retention(String name, Duration least) {
    return duration(name, least, LONGEST_RETENTION);
  }

  /** A file that can be read now. */
  public Optional<Path> file(String name) {
    return text(name).map(text -> file(name, text));
  }

  /**
   * Ends the reading.
   *
   * @throws StoreConfigurationException if an option was given that was not read; the message lists
   *     those that were
   */
  public void requireAllKnown() {
    left.keySet().stream()
        .sorted()
        .findFirst()
        .ifPresent(
            name -> {
              throw new StoreConfigurationException(
                  "store option "
                      + name
                      + ": unknown (expected: one of "
                      + String.join(", ", known)
                      + ")");
            });
  }

  private static int number(String name, String text, int least, int most) {
    int number;
    try {
      number = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw refused(name, text, least + "–" + most);
    }
    if (number < least || number > most) {
      throw refused(name, text, least + "–" + most);
    }
    return number;
  }

  private static Duration duration(String name, String text, Duration least, Duration most) {
    try {
      return Lease.requireBetween(name, DurationFormat.parse(name, text), least, most);
    } catch (InvalidValueException e) {
      throw new StoreConfigurationException("store option " + e.getMessage(), e);
    }
  }

  private static Path file(String name, String text) {
    return readable(text).orElseThrow(() -> refused(name, text, "a file that can be read"));
  }

  private static Optional<Path> readable(String text) {
    try {
      return Optional.of(Path.of(text)).filter(Files::isReadable);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static StoreConfigurationException refused(String name, String text, String expected) {
    InvalidValueException why = InvalidValueException.of(name, text, expected);
    return new StoreConfigurationException("store option " + why.getMessage(), why);
  }
}
