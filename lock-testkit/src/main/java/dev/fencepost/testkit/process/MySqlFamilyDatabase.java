package dev.fencepost.testkit.process;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * An empty MariaDB or MySQL database for one test class and those nested in it, on a server that
 * all classes of a test run share. Register it as a static field:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMariaDb();
 * }</pre>
 *
 * <p>A class may kill or pause the server: the next one finds it healed. Classes that run at the
 * same time must not. For one thread.
 */
public final class MySqlFamilyDatabase implements BeforeAllCallback {

  private static final Namespace NAMESPACE = Namespace.create(MySqlFamilyDatabase.class);

  private final String kind;
  private final Supplier<MySqlFamilyServer> maker;
  private Optional<Place> place = Optional.empty();

  private MySqlFamilyDatabase(String kind, Supplier<MySqlFamilyServer> maker) {
    this.kind = kind;
    this.maker = maker;
  }

  /** A database on MariaDB; starts nothing yet. */
  public static MySqlFamilyDatabase onMariaDb() {
    return new MySqlFamilyDatabase("mariadb", MariaDbServer::new);
  }

  /** A database on MySQL; starts nothing yet. */
  public static MySqlFamilyDatabase onMySql() {
    return new MySqlFamilyDatabase("mysql", MySqlServer::new);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    Shared shared =
        context
            .getRoot()
            .getStore(NAMESPACE)
            .computeIfAbsent(kind, key -> new Shared(maker.get()), Shared.class);
    shared.server.heal();
    if (context.getEnclosingTestClasses().isEmpty()) { // Nested classes share the outermost one's.
      String name = "fencepost_" + shared.databases.incrementAndGet();
      shared.server.createDatabase(name);
      place = Optional.of(new Place(shared.server, name));
    }
  }

  /** The database's name. */
  public String name() {
    return place().name();
  }

  /** The server, to be killed, paused and asked. */
  public MySqlFamilyServer server() {
    return place().server();
  }

  /** The database's URI, with the user. */
  public String jdbcUri() {
    return server().jdbcUri(name());
  }

  /** The database's URI through a proxy on another port of the loopback address. */
  public String jdbcUri(int port) {
    return server().jdbcUri(name(), port);
  }

  private Place place() {
    return place.orElseThrow(
        () -> new IllegalStateException("registered with @RegisterExtension on a static field?"));
  }

  private record Place(MySqlFamilyServer server, String name) {}

  private static final class Shared implements AutoCloseable {

    private final MySqlFamilyServer server;
    private final AtomicInteger databases = new AtomicInteger();

    Shared(MySqlFamilyServer server) {
      this.server = server;
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
