package dev.fencepost.testkit.process;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * An empty PostgreSQL database for one test class and those nested in it, on a server that all
 * classes of a test run share. Register it as a static field:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final PostgresDatabase DATABASE = new PostgresDatabase();
 * }</pre>
 *
 * <p>A class may kill or pause the server: the next one finds it healed. Classes that run at the
 * same time must not. For one thread.
 */
public final class PostgresDatabase implements BeforeAllCallback {

  private static final Namespace NAMESPACE = Namespace.create(PostgresDatabase.class);

  private Optional<Place> place = Optional.empty();

  /** Starts nothing yet. */
  public PostgresDatabase() {}

  @Override
  public void beforeAll(ExtensionContext context) {
    Shared shared =
        context
            .getRoot()
            .getStore(NAMESPACE)
            .computeIfAbsent("server", key -> new Shared(), Shared.class);
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
  public PostgresServer server() {
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

  private record Place(PostgresServer server, String name) {}

  private static final class Shared implements AutoCloseable {

    private final PostgresServer server = new PostgresServer();
    private final AtomicInteger databases = new AtomicInteger();

    @Override
    public void close() {
      server.close();
    }
  }
}
