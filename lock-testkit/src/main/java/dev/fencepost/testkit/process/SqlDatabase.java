package dev.fencepost.testkit.process;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * An empty database for one test class and those nested in it, on a server that all classes of a
 * test run share. Register it as a static field:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final PostgresDatabase DATABASE = new PostgresDatabase();
 * }</pre>
 *
 * <p>A class may kill or pause the server: the next one finds it healed. Classes that run at the
 * same time must not. For one thread.
 *
 * @param <S> which server
 */
public abstract sealed class SqlDatabase<S extends SqlServer> implements BeforeAllCallback
    permits PostgresDatabase, MySqlFamilyDatabase {

  private static final Namespace NAMESPACE = Namespace.create(SqlDatabase.class);

  private final String kind;
  private final Supplier<S> maker;
  private Optional<Place<S>> place = Optional.empty();

  /** Starts nothing yet. */
  SqlDatabase(String kind, Supplier<S> maker) {
    this.kind = kind;
    this.maker = maker;
  }

  @Override
  public final void beforeAll(ExtensionContext context) {
    @SuppressWarnings("unchecked") // one kind, one maker
    Shared<S> shared =
        context
            .getRoot()
            .getStore(NAMESPACE)
            .computeIfAbsent(kind, key -> new Shared<>(maker.get()), Shared.class);
    shared.server.heal();
    if (context.getEnclosingTestClasses().isEmpty()) { // Nested classes share the outermost one's.
      String name = "fencepost_" + shared.databases.incrementAndGet();
      shared.server.createDatabase(name);
      place = Optional.of(new Place<>(shared.server, name));
    }
  }

  /** The database's name. */
  public final String name() {
    return place().name();
  }

  /** Returns the server. */
  public final S server() {
    return place().server();
  }

  /** The database's URI, with the user. */
  public final String jdbcUri() {
    return server().jdbcUri(name());
  }

  /** The database's URI through a proxy on another port of the loopback address. */
  public final String jdbcUri(int port) {
    return server().jdbcUri(name(), port);
  }

  private Place<S> place() {
    return place.orElseThrow(
        () -> new IllegalStateException("registered with @RegisterExtension on a static field?"));
  }

  private record Place<S>(S server, String name) {}

  private static final class Shared<S extends SqlServer> implements AutoCloseable {

    private final S server;
    private final AtomicInteger databases = new AtomicInteger();

    Shared(S server) {
      this.server = server;
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
