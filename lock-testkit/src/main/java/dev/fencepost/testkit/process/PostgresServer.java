package dev.fencepost.testkit.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A private PostgreSQL, from the programs installed on this machine: those in the folder that the
 * environment variable {@code FENCEPOST_POSTGRES_BIN} names, else the newest in {@code
 * /usr/lib/postgresql}, else those on the PATH. Connections from this machine are logged in as the
 * superuser {@value #USER}, without a password. It syncs every commit.
 */
public final class PostgresServer extends SqlServer {

  /** The superuser. */
  public static final String USER = "fencepost";

  private static final String OVERRIDE = "FENCEPOST_POSTGRES_BIN";
  private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
  private static final String REMEDY =
      "install PostgreSQL 13 or later (package postgresql on Debian and Ubuntu,"
          + " postgresql-server on Fedora)";

  private final Path programs;

  /** Finds the programs; starts nothing yet. */
  public PostgresServer() {
    this(ProgramFinder.folderOf("initdb", OVERRIDE, ProgramFinder.versions(INSTALLED), REMEDY));
  }

  private PostgresServer(Path programs) {
    super("postgresql", "postgres");
    this.programs = programs;
  }

  @Override
  public String sql(String statement) {
    return ShellCommands.run(
        List.of(
            program("psql"),
            "-h127.0.0.1",
            "-p" + port(),
            "-U" + USER,
            "-dpostgres",
            "-XAtqc",
            statement));
  }

  @Override
  public String jdbcUri(String database, int port) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + USER;
  }

  @Override
  void install(Path data) {
    ShellCommands.run(
        asOwner(
            List.of(
                program("initdb"),
                "--pgdata=" + data,
                "--username=" + USER,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync")));
  }

  @Override
  protected List<String> command() {
    List<String> command = new ArrayList<>(List.of(program("postgres"), "-D", data().toString()));
    List<String> settings =
        List.of(
            "port=" + port(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=" + folder(),
            "shared_buffers=32MB",
            "max_connections=200",
            "max_wal_size=256MB");
    settings.forEach(setting -> command.addAll(List.of("-c", setting)));
    return asOwner(command);
  }

  @Override
  protected boolean answers() {
    return answersOn(port());
  }

  /** Whether PostgreSQL's protocol is spoken on a port of the loopback address. */
  boolean answersOn(int port) {
    return ShellCommands.runTolerant(
        List.of(program("pg_isready"), "-q", "-h127.0.0.1", "-p" + port, "-t1"));
  }

  @Override
  protected String stopSignal() {
    return "INT";
  }

  private String program(String name) {
    return programs.resolve(name).toString();
  }
}
