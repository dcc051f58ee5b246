package dev.fencepost.server.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Settings from the YAML file. Each value is the text in the file. */
final class YamlFileSource extends LocatedSource {
  private final Path file;
  private final Map<String, Integer> lines;

  private YamlFileSource(Path file, Content content) {
    super(file.toString(), 100, content.values);
    this.file = file;
    this.lines = Map.copyOf(content.lines);
  }

  /**
   * Reads the file.
   *
   * @throws ConfigException if it cannot be read or is not YAML, with file, line and column
   */
  static YamlFileSource read(Path file) {
    Content content = new Content(file);
    try (Reader text = Files.newBufferedReader(file)) {
      Node root = new Yaml(new LoaderOptions()).compose(text);
      if (root != null) {
        content.add("", root, 0);
      }
    } catch (MarkedYAMLException e) {
      throw content.broken(e);
    } catch (CharacterCodingException e) {
      throw content.unreadable("it is not UTF-8");
    } catch (IOException e) {
      throw content.unreadable(Files.exists(file) ? "it cannot be read" : "there is none");
    } catch (YAMLException e) {
      throw content.unreadable(String.valueOf(e.getMessage()));
    }
    if (!content.problems.isEmpty()) {
      throw new ConfigException(content.problems);
    }
    return new YamlFileSource(file, content);
  }

  @Override
  String locate(String key) {
    return file + ":" + lines.getOrDefault(key, 1);
  }

  /** Values and faults that have been read so far. */
  private static final class Content {
    private static final int MAX_DEPTH = 8;
    private final Path file;
    private final Map<String, String> values = new HashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();
    private final List<ConfigProblem> problems = new ArrayList<>();

    Content(Path file) {
      this.file = file;
    }

    void add(String key, Node node, int depth) {
      if (node instanceof MappingNode mapping && depth < MAX_DEPTH) {
        for (NodeTuple entry : mapping.getValue()) {
          String name = entry.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
          add(key.isEmpty() ? name : key + "." + name, entry.getValueNode(), depth + 1);
        }
      } else if (node instanceof ScalarNode scalar && !key.isEmpty()) {
        put(key, scalar);
      } else {
        reject(key.isEmpty() ? "config" : key, "a list or other structure", "key: value", node);
      }
    }

    private void put(String key, ScalarNode scalar) {
      if (scalar.getValue().isEmpty()
          && (ConfigKey.of(key).isPresent() || ConfigKey.isGroup(key))) {
        return;
      }
      if (values.putIfAbsent(key, scalar.getValue()) != null) {
        String quoted = "\"" + SecretMask.maskValue(key, scalar.getValue()) + "\"";
        reject(key, quoted, "given once; see line " + lines.get(key), scalar);
      } else {
        lines.put(key, scalar.getStartMark().getLine() + 1);
      }
    }

    private void reject(String key, String value, String expected, Node node) {
      String location = file + ":" + (node.getStartMark().getLine() + 1);
      problems.add(new ConfigProblem(key, value, expected, location));
    }

    ConfigException broken(MarkedYAMLException e) {
      var mark = e.getProblemMark();
      String location =
          mark == null ? "" : ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
      return new ConfigException(
          List.of(
              new ConfigProblem(
                  ConfigKey.CONFIG,
                  String.valueOf(e.getProblem()),
                  "well-formed YAML",
                  file + location)));
    }

    ConfigException unreadable(String why) {
      return new ConfigException(
          List.of(
              new ConfigProblem(ConfigKey.CONFIG, why, "a readable YAML file", file.toString())));
    }
  }
}
