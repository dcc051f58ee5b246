package dev.fencepost.testkit.process;

import java.util.ArrayList;
import java.util.List;

/**
 * A private MariaDB or MySQL. Connections from this machine are logged in as {@value #USER},
 * without a password. It syncs every commit.
 */
public abstract sealed class MySqlFamilyServer extends SqlServer
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
    super(kind, "mysql");
    this.more = List.copyOf(more);
  }

  /** The server's program with what it always needs. */
  abstract List<String> program();

  /** The client's program with what it needs to reach this server. */
  abstract List<String> client();

  @Override
  public final String sql(String statement) {
    List<String> command = new ArrayList<>(client());
    command.addAll(
        List.of("-h127.0.0.1", "-P" + port(), "-u" + USER, "--batch", "--skip-column-names", "-e"));
    command.add(statement);
    return ShellCommands.run(command);
  }

  @Override
  protected final List<String> command() {
    List<String> command = new ArrayList<>(program());
    command.add("--datadir=" + data());
    command.add("--port=" + port());
    // Where the folder's name is long, a whole path would be too long for a socket.
    command.add("--socket=s");
    command.add("--pid-file=" + folder().resolve("pid"));
    command.addAll(SETTINGS);
    command.addAll(more);
    return asOwner(command);
  }

  @Override
  protected final boolean answers() {
    List<String> command = new ArrayList<>(client());
    command.addAll(List.of("-h127.0.0.1", "-P" + port(), "-u" + USER, "-e", "SELECT 1"));
    return ShellCommands.runTolerant(command);
  }

  @Override
  protected final String stopSignal() {
    return "TERM";
  }
}
