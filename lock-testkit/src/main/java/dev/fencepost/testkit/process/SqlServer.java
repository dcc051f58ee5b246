package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A private SQL database server. Such a server refuses to run as root, so under root it runs as its
 * own system user, or as nobody.
 */
public abstract sealed class SqlServer extends StoreProcess
    permits PostgresServer, MySqlFamilyServer {
  private final String systemUser;

  /**
   * A server that is not started yet.
   *
   * @param kind see {@link StoreProcess}
   * @param systemUser who owns the data, if there is such a user
   */
  SqlServer(String kind, String systemUser) {
    super(kind);
    this.systemUser = systemUser;
  }

  /** Fills an empty data folder. */
  abstract void install(Path data);

  /** Runs a statement as the superuser and answers what it prints, without headings. */
  public abstract String sql(String statement);

  /** The JDBC URI of a database through a proxy on another port of the loopback address. */
  public abstract String jdbcUri(String database, int port);

  /** The JDBC URI of a database, with the user. */
  public final String jdbcUri(String database) {
    return jdbcUri(database, port());
  }

  /** Makes an empty database and answers its {@link #jdbcUri}; the name is of {@code [a-z0-9_]}. */
  public final String createDatabase(String name) {
    sql("CREATE DATABASE " + name);
    return jdbcUri(name);
  }

  @Override
  protected final void prepare() {
    if (ShellCommands.isAdministrator()) {
      giveFolderTo(owner());
    }
    install(data());
  }

  final Path data() {
    return folder().resolve("data");
  }

  /** Returns a command that runs as the owner of the data. */
  final List<String> asOwner(List<String> command) {
    return ShellCommands.isAdministrator() ? ShellCommands.unprivileged(owner(), command) : command;
  }

  private String owner() {
    return ShellCommands.userExists(systemUser) ? systemUser : "nobody";
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
