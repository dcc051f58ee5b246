package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** An old and a new version of a service start, and each brings the data to its own version. */
final class MigrationStory implements Story {

  @Override
  public String title() {
    return "Two versions migrate at once";
  }

  @Override
  public String lock() {
    return "migrations/prices";
  }

  /** A node is named after the version of the data that it needs. */
  @Override
  public List<String> nodes() {
    return List.of("2", "3");
  }

  @Override
  public List<String> preparation() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS price (amount INT NOT NULL, tax INT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS data_version (version INT NOT NULL)",
        "DELETE FROM price",
        "DELETE FROM data_version",
        "INSERT INTO price VALUES (5, 0)",
        "INSERT INTO data_version VALUES (1)");
  }

  @Override
  public void work(NodeWork node) throws SQLException {
    int wanted = Integer.parseInt(node.node());
    long present = node.inTransaction(db -> SqlText.number(db, "SELECT version FROM data_version"));
    if (present >= wanted) {
      return; // migrated already
    }
    node.takeTime(); // a backup
    if (present < 2) {
      migrate(node, 2, "UPDATE price SET amount = amount * 100"); // euros become cents
    }
    if (wanted == 3) {
      migrate(node, 3, "UPDATE price SET tax = amount * 19 / 100");
    }
  }

  private static void migrate(NodeWork node, int version, String statement) throws SQLException {
    node.inTransaction(
        db ->
            SqlText.update(db, statement)
                + SqlText.update(db, "UPDATE data_version SET version = ?", version));
  }

  @Override
  public String figure(Connection database) throws SQLException {
    return "5 euros are "
        + SqlText.number(database, "SELECT amount FROM price")
        + " cents, tax "
        + SqlText.number(database, "SELECT tax FROM price")
        + ", data of version "
        + SqlText.number(database, "SELECT version FROM data_version");
  }

  @Override
  public String rightFigure() {
    return "5 euros are 500 cents, tax 95, data of version 3";
  }
}
