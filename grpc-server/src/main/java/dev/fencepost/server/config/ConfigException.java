package dev.fencepost.server.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration is invalid. Lists all of its faults. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<ConfigProblem> problems;

  /** Creates an exception with at least one fault. */
  public ConfigException(List<ConfigProblem> problems) {
    super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** Returns all faults, in the order in which they were found. */
  public List<ConfigProblem> problems() {
    return problems;
  }
}
