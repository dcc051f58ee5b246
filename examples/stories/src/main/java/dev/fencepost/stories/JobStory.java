package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Three nodes have the same schedule: at two o'clock each customer gets an invoice. */
final class JobStory implements Story {

  private static final int TODAY = 1;

  @Override
  public String title() {
    return "The nightly job runs on every node";
  }

  @Override
  public String lock() {
    return "jobs/invoices";
  }

  @Override
  public List<String> nodes() {
    return List.of("node-1", "node-2", "node-3");
  }

  @Override
  public List<String> preparation() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS job_run (last_day INT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS invoice (customer INT NOT NULL)",
        "DELETE FROM job_run",
        "DELETE FROM invoice",
        "INSERT INTO job_run VALUES (0)");
  }

  @Override
  public void work(NodeWork node) throws SQLException {
    long lastDay = node.inTransaction(db -> SqlText.number(db, "SELECT last_day FROM job_run"));
    if (lastDay == TODAY) {
      return; // another node has done it
    }
    node.takeTime(); // the invoices are computed
    node.inTransaction(
        db ->
            SqlText.update(db, "INSERT INTO invoice VALUES (1), (2), (3), (4), (5)")
                + SqlText.update(db, "UPDATE job_run SET last_day = ?", TODAY));
  }

  @Override
  public String figure(Connection database) throws SQLException {
    return SqlText.number(database, "SELECT count(*) FROM invoice") + " invoices to 5 customers";
  }

  @Override
  public String rightFigure() {
    return "5 invoices to 5 customers";
  }
}
