package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** An account has 100. One service adds 20, another one takes 30. */
final class BalanceStory implements Story {

  private static final String DEPOSIT = "deposit";

  @Override
  public String title() {
    return "The balance of 100, plus 20, minus 30, is 120";
  }

  @Override
  public String lock() {
    return "accounts/7";
  }

  @Override
  public List<String> nodes() {
    return List.of(DEPOSIT, "withdrawal");
  }

  @Override
  public List<String> preparation() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS account (balance INT NOT NULL)",
        "DELETE FROM account",
        "INSERT INTO account VALUES (100)");
  }

  @Override
  public void work(NodeWork node) throws SQLException {
    long change = node.node().equals(DEPOSIT) ? 20 : -30;
    long balance = node.inTransaction(db -> SqlText.number(db, "SELECT balance FROM account"));
    node.takeTime(); // limits, fraud, fees
    node.inTransaction(
        db -> SqlText.update(db, "UPDATE account SET balance = ?", balance + change));
  }

  @Override
  public String figure(Connection database) throws SQLException {
    return "balance " + SqlText.number(database, "SELECT balance FROM account");
  }

  @Override
  public String rightFigure() {
    return "balance 90";
  }
}
