package dev.fencepost.testkit.process;

/** An empty PostgreSQL database for one test class. */
public final class PostgresDatabase extends SqlDatabase<PostgresServer> {

  /** Starts nothing yet. */
  public PostgresDatabase() {
    super("postgresql", PostgresServer::new);
  }
}
