package dev.fencepost.testkit.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A private Redis, from the programs installed on this machine: those in the folder that the
 * environment variable {@value #OVERRIDE} names, else those on the PATH. It writes every command to
 * its append-only file and syncs it before it answers, unless it is told otherwise.
 */
public final class RedisServer extends StoreProcess {

  static final String OVERRIDE = "FENCEPOST_REDIS_BIN";

  private static final String REMEDY =
      "install Redis 7.0 or later (packages redis-server and redis-sentinel on Debian and Ubuntu,"
          + " redis on Fedora)";

  private final Path programs;
  private final List<String> settings;
  private volatile List<String> login = List.of();

  /**
   * Finds the programs; starts nothing yet.
   *
   * @param settings lines of a configuration, such as {@code maxmemory 8mb}; they win over those
   *     that are set here, and {@code PORT} in one stands for the server's own
   */
  public RedisServer(String... settings) {
    super("redis");
    this.programs = programs("redis-server");
    this.settings = List.copyOf(Arrays.asList(settings));
  }

  /** Sets the login of the command-line client: {@code --user}, {@code --pass} and the like. */
  public void loginWith(String... arguments) {
    login = List.of(arguments);
  }

  /** Runs one command; answers what it prints, errors included. */
  public String cli(String... command) {
    List<String> all = new ArrayList<>(client());
    all.addAll(List.of(command));
    return ShellCommands.run(all);
  }

  /** The URI of a server without password. */
  public String uri() {
    return uri(port());
  }

  /** The same through a proxy on another port of the loopback address. */
  public static String uri(int port) {
    return "redis://127.0.0.1:" + port;
  }

  /** The folder of a program of Redis'. */
  static Path programs(String program) {
    return ProgramFinder.folderOf(program, OVERRIDE, List.of(), REMEDY);
  }

  @Override
  protected void prepare() {}

  @Override
  protected List<String> command() {
    List<String> all =
        new ArrayList<>(
            List.of(
                "port " + port(),
                "bind 127.0.0.1",
                "dir " + folder(),
                "save \"\"",
                "appendonly yes",
                "appendfsync always",
                "repl-diskless-sync-delay 0"));
    all.addAll(settings);
    List<String> command = new ArrayList<>(List.of(programs.resolve("redis-server").toString()));
    for (String line : all) {
      int space = line.indexOf(' ');
      command.add("--" + line.substring(0, space));
      String value = line.substring(space + 1);
      if (value.equals("\"\"")) {
        command.add("");
      } else {
        command.addAll(List.of(value.replace("PORT", "" + port()).split(" ", -1)));
      }
    }
    return command;
  }

  @Override
  protected boolean answers() {
    List<String> all = new ArrayList<>(client());
    all.add("PING");
    // A PING refused for lack of a login is an answer, too.
    return ShellCommands.runTolerant(all);
  }

  @Override
  protected String stopSignal() {
    return "TERM";
  }

  private List<String> client() {
    List<String> all =
        new ArrayList<>(
            List.of(
                programs.resolve("redis-cli").toString(), "-h", "127.0.0.1", "-p", "" + port()));
    all.addAll(login);
    return all;
  }
}
