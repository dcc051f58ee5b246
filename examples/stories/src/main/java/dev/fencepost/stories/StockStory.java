package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Two buyers want the last item in stock. */
final class StockStory implements Story {

  @Override
  public String title() {
    return "The last item in stock is sold twice";
  }

  @Override
  public String lock() {
    return "stock/teapot";
  }

  @Override
  public List<String> nodes() {
    return List.of("Ada", "Grace");
  }

  @Override
  public List<String> preparation() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS stock (units INT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS sale (buyer VARCHAR(100) NOT NULL)",
        "DELETE FROM stock",
        "DELETE FROM sale",
        "INSERT INTO stock VALUES (1)");
  }

  @Override
  public void work(NodeWork node) throws SQLException {
    long units = node.inTransaction(db -> SqlText.number(db, "SELECT units FROM stock"));
    if (units == 0) {
      return; // sold out
    }
    node.takeTime(); // the buyer pays
    node.inTransaction(
        db ->
            SqlText.update(db, "UPDATE stock SET units = ?", units - 1)
                + SqlText.update(db, "INSERT INTO sale VALUES (?)", node.node()));
  }

  @Override
  public String figure(Connection database) throws SQLException {
    return "sold " + SqlText.number(database, "SELECT count(*) FROM sale") + " of 1";
  }

  @Override
  public String rightFigure() {
    return "sold 1 of 1";
  }
}
