package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastItemInStockTest {

  @TempDir Path data;
  private ServerProcess server;
  private String url;

  /** Open before the programs, so that this process serves the database and none of theirs does. */
  private Connection database;

  @BeforeEach
  void start() throws SQLException {
    server = new ServerProcess(data.resolve("store"));
    url = "jdbc:h2:" + data.resolve("shop") + ";AUTO_SERVER=TRUE";
    database = DriverManager.getConnection(url + ";INIT=RUNSCRIPT FROM 'java/stock.sql'");
  }

  @AfterEach
  void stop() throws SQLException {
    database.close();
    server.close();
  }

  @Test
  void pausedBuyer_isRefusedAfterTheNextOneBought() throws SQLException {
    try (ChildJvm paused = startBuyer("Ada");
        ChildJvm next = startBuyer("Grace", paused)) {
      paused.pause(); // until the lease has run out and the next buyer has the lock
      awaitLastItem(next);
      next.send("");
      assertThat(ExampleProcess.awaitResult(next)).isEqualTo("sold to Grace");
      paused.resume();
      paused.send("");
      assertThat(ExampleProcess.awaitResult(paused)).startsWith("refused: ").contains("is stale");
    }
    assertThat(query("SELECT buyer FROM sale")).containsExactly("Grace");
    assertThat(query("SELECT units FROM stock")).containsExactly("0");
  }

  @Test
  void buyerWhoKeepsTheLock_buys_andTheNextOneFindsNothing() throws SQLException {
    try (ChildJvm first = startBuyer("Ada");
        ChildJvm second = startBuyer("Grace", first)) {
      first.send("");
      assertThat(ExampleProcess.awaitResult(first)).isEqualTo("sold to Ada");
      assertThat(ExampleProcess.awaitResult(second)).isEqualTo("sold out");
    }
    assertThat(query("SELECT buyer FROM sale")).containsExactly("Ada");
  }

  private ChildJvm startBuyer(String buyer) {
    return ExampleProcess.start(LastItemInStock.class, server.address(), url, buyer);
  }

  /** Starts a buyer once the one before sees the item, and so has the lock. */
  private ChildJvm startBuyer(String buyer, ChildJvm before) {
    awaitLastItem(before);
    return startBuyer(buyer);
  }

  private static void awaitLastItem(ChildJvm buyer) {
    buyer.awaitLine(line -> line.startsWith("1 left"), ExampleProcess.PATIENCE);
  }

  private List<String> query(String sql) throws SQLException {
    List<String> values = new ArrayList<>();
    try (Statement statement = database.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(1));
      }
    }
    return values;
  }
}
