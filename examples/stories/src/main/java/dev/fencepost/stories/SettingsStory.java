package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Two deployments change the same two settings, one after the other. */
final class SettingsStory implements Story {

  @Override
  public String title() {
    return "A configuration change is half applied";
  }

  @Override
  public String lock() {
    return "settings/database";
  }

  /** A node is named after the version that it applies. */
  @Override
  public List<String> nodes() {
    return List.of("2", "3");
  }

  @Override
  public List<String> preparation() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS setting (name VARCHAR(20) NOT NULL, version INT NOT NULL)",
        "DELETE FROM setting",
        "INSERT INTO setting VALUES ('host', 1), ('port', 1)");
  }

  @Override
  public void work(NodeWork node) throws SQLException {
    int version = Integer.parseInt(node.node());
    long present = node.inTransaction(db -> SqlText.number(db, "SELECT max(version) FROM setting"));
    if (present > version) {
      return; // overtaken by a later change
    }
    apply(node, "host", version);
    node.takeTime(); // the first system restarts
    apply(node, "port", version);
  }

  /** Changes one setting. In a real system each of them is elsewhere: no transaction has both. */
  private static void apply(NodeWork node, String setting, int version) throws SQLException {
    node.inTransaction(
        db ->
            SqlText.update(db, "UPDATE setting SET version = ? WHERE name = ?", version, setting));
  }

  @Override
  public String figure(Connection database) throws SQLException {
    return "host of version "
        + version(database, "host")
        + ", port of version "
        + version(database, "port");
  }

  @Override
  public String rightFigure() {
    return "host of version 3, port of version 3";
  }

  private static long version(Connection database, String setting) throws SQLException {
    return SqlText.number(database, "SELECT version FROM setting WHERE name = ?", setting);
  }
}
