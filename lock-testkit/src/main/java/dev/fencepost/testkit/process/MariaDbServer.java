package dev.fencepost.testkit.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A private MariaDB, from the programs installed on this machine: those in the folder that the
 * environment variable {@code FENCEPOST_MARIADB_BIN} names, else those on the PATH and in {@code
 * /usr/sbin}.
 */
public final class MariaDbServer extends MySqlFamilyServer {

  private static final String OVERRIDE = "FENCEPOST_MARIADB_BIN";
  private static final List<Path> INSTALLED = List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"));
  private static final String REMEDY =
      "install MariaDB 10.6 or later (package mariadb-server on Debian, Ubuntu and Fedora)";

  private final List<String> environment;

  /** Finds no program yet, and starts none. */
  public MariaDbServer() {
    this(List.of(), List.of());
  }

  private MariaDbServer(List<String> environment, List<String> more) {
    super("mariadb", more);
    this.environment = List.copyOf(environment);
  }

  /** A server with more arguments, for example {@code --log-bin}. */
  public static MariaDbServer with(String... more) {
    return new MariaDbServer(List.of(), List.of(more));
  }

  /** A server whose time zone is the one that {@code TZ} would name. */
  public static MariaDbServer inZone(String zone) {
    return new MariaDbServer(List.of("env", "TZ=" + zone), List.of());
  }

  /** The client's program, which talks to MySQL as well. */
  static String clientProgram() {
    return program("mariadb");
  }

  @Override
  public String jdbcUri(String database, int port) {
    return "jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?user=" + USER;
  }

  @Override
  void install(Path data) {
    ShellCommands.run(
        asOwner(
            List.of(
                program("mariadb-install-db"),
                "--no-defaults",
                "--datadir=" + data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db")));
  }

  @Override
  List<String> program() {
    List<String> command = new ArrayList<>(environment);
    command.addAll(List.of(program("mariadbd"), "--no-defaults"));
    return command;
  }

  @Override
  List<String> client() {
    return List.of(clientProgram(), "--no-defaults");
  }

  private static String program(String name) {
    return ProgramFinder.folderOf(name, OVERRIDE, INSTALLED, REMEDY).resolve(name).toString();
  }
}
