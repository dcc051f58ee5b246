package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A private MariaDB or MySQL. Whoever connects from this machine is {@value #USER}, without a
 * password. Like all of its kind it syncs every commit.
 */
public abstract sealed class MySqlFamilyServer extends StoreProcess
    permits MariaDbServer, MySqlServer {

  /** The superuser. */
  public static final String USER = "root";

  private static final List<String> SETTINGS =
      List.of(
          "--bind-address=127.0.0.1",
          "--max-connections=200",
          "--innodb-buffer-pool-size=32M",
          "--performance-schema=OFF");

  private final List<String> more;

  MySqlFamilyServer(String kind, List<String> more) {
    super(kind);
    this.more = List.copyOf(more);
  }

  /** Fills an empty data folder. */
  abstract void install(Path data);

  /** The server's program with what it always needs. */
  abstract List<String> program();

  /** The client's program with what it needs to reach this server. */
  abstract List<String> client();

  /** Makes an empty database and answers its {@link #jdbcUri}; the name is of {@code [a-z0-9_]}. */
  public final String createDatabase(String name) {
    sql("CREATE DATABASE " + name);
    return jdbcUri(name);
  }

  /** Runs a statement and answers what it prints, without headings. */
  public final String sql(String statement) {
    List<String> command = new ArrayList<>(client());
    command.addAll(
        List.of("-h127.0.0.1", "-P" + port(), "-u" + USER, "--batch", "--skip-column-names", "-e"));
    command.add(statement);
    return Commands.run(command);
  }

  /** The JDBC URI of a database, with the user. */
  public final String jdbcUri(String database) {
    return jdbcUri(database, port());
  }

  /** The JDBC URI of a database through a proxy on another port of the loopback address. */
  public abstract String jdbcUri(String database, int port);

  @Override
  protected final void prepare() {
    if (Commands.isAdministrator()) {
      giveFolderTo(user());
    }
    install(folder().resolve("data"));
  }

  @Override
  protected final List<String> command() {
    List<String> command = new ArrayList<>(program());
    command.add("--datadir=" + folder().resolve("data"));
    command.add("--port=" + port());
    // Where the folder's name is long, a whole path would be too long for a socket.
    command.add("--socket=s");
    command.add("--pid-file=" + folder().resolve("pid"));
    command.addAll(SETTINGS);
    command.addAll(more);
    return asUser(command);
  }

  @Override
  protected final boolean answers() {
    List<String> command = new ArrayList<>(client());
    command.addAll(List.of("-h127.0.0.1", "-P" + port(), "-u" + USER, "-e", "SELECT 1"));
    return Commands.runTolerant(command);
  }

  @Override
  protected final String stopSignal() {
    return "TERM";
  }

  /** A command, run as whoever owns the data: the server refuses to be the administrator. */
  final List<String> asUser(List<String> command) {
    return Commands.isAdministrator() ? Commands.unprivileged(user(), command) : command;
  }

  private static String user() {
    return Commands.userExists("mysql") ? "mysql" : "nobody";
  }

  private void giveFolderTo(String user) {
    try {
      Files.setOwner(
          folder(),
          folder().getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
