package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A PgBouncer in front of a PostgreSQL, from the program installed on this machine: the one in the
 * folder that the environment variable {@code FENCEPOST_PGBOUNCER_BIN} names, else in {@code
 * /usr/sbin}, else on the PATH. Connections are logged in as {@link PostgresServer#USER}.
 */
public final class PgBouncer extends StoreProcess {

  /** The time for which a client keeps a connection to the server. */
  public enum Mode {
    /** As long as the client is connected. */
    SESSION("session"),
    /** For one transaction. */
    TRANSACTION("transaction");

    private final String setting;

    Mode(String setting) {
      this.setting = setting;
    }
  }

  private static final String PROGRAM = "pgbouncer";

  private final PostgresServer server;
  private final Mode mode;

  /** Starts nothing yet. */
  public PgBouncer(PostgresServer server, Mode mode) {
    super(PROGRAM);
    this.server = server;
    this.mode = mode;
  }

  @Override
  protected void prepare() {
    String settings =
        String.join(
            "\n",
            "[databases]",
            "* = host=127.0.0.1 port=" + server.port() + " user=" + PostgresServer.USER,
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            "listen_port = " + port(),
            "unix_socket_dir =",
            "auth_type = any",
            "pool_mode = " + mode.setting,
            // PostgreSQL's JDBC driver sends it.
            "ignore_startup_parameters = extra_float_digits",
            "");
    try {
      Files.writeString(settings(), settings);
      if (ShellCommands.isAdministrator()) {
        ShellCommands.run(List.of("chmod", "-R", "a+rX", folder().toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected List<String> command() {
    List<String> command =
        List.of(
            ProgramFinder.folderOf(
                    PROGRAM,
                    "FENCEPOST_PGBOUNCER_BIN",
                    List.of(Path.of("/usr/sbin")),
                    "install PgBouncer (package pgbouncer on Debian, Ubuntu and Fedora)")
                .resolve(PROGRAM)
                .toString(),
            settings().toString());
    // It refuses to be the administrator.
    return ShellCommands.isAdministrator()
        ? ShellCommands.unprivileged("nobody", command)
        : command;
  }

  @Override
  protected boolean answers() {
    return server.answersOn(port());
  }

  @Override
  protected String stopSignal() {
    return "INT";
  }

  private Path settings() {
    return folder().resolve("pgbouncer.ini");
  }
}
