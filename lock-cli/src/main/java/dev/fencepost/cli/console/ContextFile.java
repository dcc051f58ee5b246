package dev.fencepost.cli.console;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The contexts of a user, by name: how each cluster of servers is reached. The file is a small part
 * of YAML: {@code current: NAME}, and below {@code contexts:} a line {@code NAME:} with the options
 * of the context indented below it. It has paths and no secret, and must belong to its user alone,
 * because a person who can write it chooses the servers.
 */
public final class ContextFile {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  private static final int MAX_BYTES = 256 * 1024;

  private final Path file;
  private final Map<String, Map<ConnectionOption, String>> contexts = new TreeMap<>();
  private Optional<String> current = Optional.empty();

  private ContextFile(Path file) {
    this.file = file;
  }

  /**
   * Reads the file of the user; an absent one has no contexts.
   *
   * @throws UsageException if others may read it, or a line is wrong
   */
  public static ContextFile read(CommandConsole console) {
    Path folder =
        console
            .variable("XDG_CONFIG_HOME")
            .map(Path::of)
            .or(() -> console.variable("HOME").map(home -> Path.of(home, ".config")))
            .orElseThrow(() -> new UsageException("neither XDG_CONFIG_HOME nor HOME is set"));
    ContextFile contexts = new ContextFile(folder.resolve("fencepost").resolve("contexts.yaml"));
    contexts.load();
    return contexts;
  }

  /** The name of the context that counts if none is named. */
  public Optional<String> current() {
    return current;
  }

  /** The names of all contexts, in order. */
  public List<String> names() {
    return List.copyOf(contexts.keySet());
  }

  /** The options of a context. */
  public Map<ConnectionOption, String> options(String name) {
    Map<ConnectionOption, String> options = contexts.get(name);
    if (options == null) {
      throw new UsageException("there is no context " + name + " in " + file);
    }
    return options;
  }

  /** Adds a context, or replaces the one of that name. The first one is the current one. */
  public void put(String name, Map<ConnectionOption, String> options) {
    if (!NAME.matcher(name).matches()) {
      throw new UsageException("a context's name has letters, digits, dots, - and _, 63 at most");
    }
    contexts.put(name, new EnumMap<>(options));
    current = current.or(() -> Optional.of(name));
  }

  /** Makes a context the current one. */
  public void use(String name) {
    options(name);
    current = Optional.of(name);
  }

  /** Writes the file, for its user alone. */
  public void write() {
    StringBuilder text = new StringBuilder();
    current.ifPresent(name -> text.append("current: ").append(name).append('\n'));
    text.append("contexts:\n");
    contexts.forEach(
        (name, options) -> {
          text.append("  ").append(name).append(":\n");
          options.forEach(
              (option, value) ->
                  text.append("    ").append(option.key()).append(": ").append(value).append('\n'));
        });
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      Path next =
          Files.createTempFile(
              folder,
              "contexts",
              ".next",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(next, text);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UsageException(file + " cannot be written: " + e.getMessage());
    }
  }

  private void load() {
    try {
      if (!Files.exists(file)) {
        return;
      }
      requirePrivate(Files.getPosixFilePermissions(file));
      if (Files.size(file) > MAX_BYTES) {
        throw new UsageException(file + " is larger than 256 KiB");
      }
      parse(Files.readAllLines(file));
    } catch (IOException e) {
      throw new UsageException(file + " cannot be read: " + e.getMessage());
    }
  }

  private void requirePrivate(Set<PosixFilePermission> permissions) {
    List<PosixFilePermission> others = new ArrayList<>(permissions);
    others.removeIf(each -> each.name().startsWith("OWNER"));
    if (!others.isEmpty()) {
      throw new UsageException(file + " may be used by others: chmod 600 " + file);
    }
  }

  private void parse(List<String> lines) {
    Map<ConnectionOption, String> context = null;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).stripTrailing();
      String word = line.strip();
      int indent = line.length() - line.stripLeading().length();
      int colon = word.indexOf(':');
      if (word.isEmpty() || word.startsWith("#") || (indent == 0 && word.equals("contexts:"))) {
        continue;
      }
      if (colon < 0) {
        throw malformed(i);
      }
      String key = word.substring(0, colon);
      String value = word.substring(colon + 1).strip();
      if (indent == 0 && key.equals("current")) {
        current = Optional.of(value);
      } else if (indent == 2 && value.isEmpty()) {
        context = new EnumMap<>(ConnectionOption.class);
        contexts.put(key, context);
      } else {
        putOption(context, indent, key, value, i);
      }
    }
  }

  private void putOption(
      @Nullable Map<ConnectionOption, String> context,
      int indent,
      String key,
      String value,
      int line) {
    Optional<ConnectionOption> option = ConnectionOption.ofKey(key);
    if (context == null || indent != 4 || option.isEmpty() || value.isEmpty()) {
      throw malformed(line);
    }
    context.put(option.get(), value);
  }

  private UsageException malformed(int line) {
    return new UsageException(
        file + ":" + (line + 1) + ": expected current: NAME, or contexts with NAME: and options");
  }
}
