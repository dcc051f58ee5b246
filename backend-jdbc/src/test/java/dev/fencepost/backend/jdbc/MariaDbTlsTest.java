package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** TLS to MariaDB. */
final class MariaDbTlsTest extends TlsToDatabase {
  @RegisterExtension static final MySqlFamilyDatabase PLAIN = MySqlFamilyDatabase.onMariaDb();

  @TempDir static Path files;

  private static MariaDbServer server;

  @BeforeAll
  static void start() throws IOException {
    // The server has to read the files, but does not own them.
    Files.setPosixFilePermissions(files, PosixFilePermissions.fromString("rwxr-xr-x"));
    TestAuthority.create("unused").issue(Purpose.SERVER, "unused").write(files, "server");
    TestCertificate.replace(
        files.resolve("clients.pem"), TestAuthority.create("unused").certificate());
    server =
        MariaDbServer.with(
            "--ssl-cert=" + files.resolve("server.pem"),
            "--ssl-key=" + files.resolve("server.key"),
            "--ssl-ca=" + files.resolve("clients.pem"));
    server.start();
    server.createDatabase(DATABASE);
    server.sql("CREATE USER certified@'127.0.0.1' REQUIRE X509");
    server.sql("GRANT ALL ON *.* TO certified@'127.0.0.1'");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Override
  String certifiedUser() {
    return "certified";
  }

  @Override
  String uri(String user) {
    return server.jdbcUri(DATABASE).replace("user=" + MariaDbServer.USER, "user=" + user);
  }

  @Override
  String plainUri() {
    return PLAIN.jdbcUri();
  }

  @Override
  void secure(TestCertificate certificate, String clientAuthorities) {
    certificate.write(files, "server");
    TestCertificate.replace(files.resolve("clients.pem"), clientAuthorities);
    server.sql("FLUSH SSL");
  }

  @Override
  void cutConnections(String user) {
    server.sql("KILL USER " + user + "@'127.0.0.1'");
  }

  @Override
  void createUser(String user, String password) {
    server.sql("CREATE USER " + user + "@'127.0.0.1' IDENTIFIED BY '" + password + "'");
    server.sql("GRANT ALL ON *.* TO " + user + "@'127.0.0.1'");
  }

  @Override
  void changePassword(String user, String password) {
    server.sql("ALTER USER " + user + "@'127.0.0.1' IDENTIFIED BY '" + password + "'");
  }
}
