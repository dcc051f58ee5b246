package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.PostgresServer;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** TLS to PostgreSQL. */
final class PostgresTlsTest extends TlsToDatabase {
  @RegisterExtension static final PostgresDatabase PLAIN = new PostgresDatabase();

  private static final PostgresServer SERVER = new PostgresServer();

  @BeforeAll
  static void start() throws IOException {
    SERVER.start();
    SERVER.createDatabase(DATABASE);
    Path rules = Path.of(SERVER.sql("SHOW hba_file").strip());
    Files.writeString(
        rules,
        "hostssl secured locker 127.0.0.1/32 scram-sha-256\n"
            + "hostssl secured all 127.0.0.1/32 trust clientcert=verify-ca\n"
            + "hostnossl secured all 127.0.0.1/32 reject\n"
            + Files.readString(rules));
    SERVER.sql("ALTER SYSTEM SET ssl_ca_file = 'clients.pem'");
    SERVER.sql("ALTER SYSTEM SET ssl = on");
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Override
  String certifiedUser() {
    return PostgresServer.USER;
  }

  @Override
  String uri(String user) {
    return SERVER.jdbcUri(DATABASE).replace("user=" + PostgresServer.USER, "user=" + user);
  }

  @Override
  String plainUri() {
    return PLAIN.jdbcUri();
  }

  @Override
  void secure(TestCertificate certificate, String clientAuthorities) throws IOException {
    Path data = Path.of(SERVER.sql("SHOW data_directory").strip());
    writeAsOwner(data, "server.crt", certificate.certificate());
    writeAsOwner(data, "server.key", certificate.key());
    writeAsOwner(data, "clients.pem", clientAuthorities);
    SERVER.sql("SELECT pg_reload_conf()");
  }

  @Override
  void cutConnections(String user) {
    SERVER.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'secured'"
            + " AND usename = '"
            + user
            + "'");
  }

  @Override
  void createUser(String user, String password) {
    SERVER.sql("CREATE ROLE " + user + " SUPERUSER LOGIN PASSWORD '" + password + "'");
  }

  @Override
  void changePassword(String user, String password) {
    SERVER.sql("ALTER ROLE " + user + " PASSWORD '" + password + "'");
  }
}
