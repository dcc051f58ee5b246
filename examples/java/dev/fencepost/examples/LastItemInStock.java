package dev.fencepost.examples;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.fence.JdbcFence;
import dev.fencepost.fence.StaleTokenException;
import dev.fencepost.lock.FencingToken;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Sells the last item once, even if a buyer's process is paused for so long that it loses its lock.
 *
 * <p>The buyer looks at the stock, confirms, and buys; the lock keeps other buyers out meanwhile. A
 * paused process does not notice that its lock is lost, so the lock alone cannot stop its late
 * write. The fence can: each transaction, reading or writing, first presents the token of its lock,
 * and the database refuses a token that is lower than one that it has seen.
 */
public final class LastItemInStock {

  private static final String ITEM = "stock/teapot";
  private static final JdbcFence FENCE = JdbcFence.table("fence_guard");

  private LastItemInStock() {}

  /**
   * Buys the item for one buyer.
   *
   * @param args the server, the JDBC URL of a database with {@code stock.sql}, and the buyer
   */
  public static void main(String... args) throws Exception {
    try (FencepostClient client = FencepostClient.connect(args[0]);
        Connection database = DriverManager.getConnection(args[1]);
        LockHandle lock =
            client.lock(ITEM).withTtl(Duration.ofSeconds(5)).acquire(Duration.ofMinutes(5))) {
      database.setAutoCommit(false);
      System.out.println(buy(database, lock.token(), args[2]));
    }
  }

  private static String buy(Connection database, FencingToken token, String buyer)
      throws SQLException, IOException {
    try {
      FENCE.check(database, ITEM, token);
      int units = readUnits(database);
      database.commit();
      if (units == 0) {
        return "sold out";
      }
      System.out.println(units + " left, press Enter to buy");
      System.in.read(); // takes as long as it takes: the lock may be lost after this line
      FENCE.check(database, ITEM, token);
      recordSale(database, buyer, units - 1);
      database.commit();
      return "sold to " + buyer;
    } catch (StaleTokenException e) {
      database.rollback();
      return "refused: " + e.getMessage();
    }
  }

  private static int readUnits(Connection database) throws SQLException {
    try (PreparedStatement query =
        database.prepareStatement("SELECT units FROM stock WHERE item = ?")) {
      query.setString(1, ITEM);
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? row.getInt(1) : 0;
      }
    }
  }

  private static void recordSale(Connection database, String buyer, int unitsLeft)
      throws SQLException {
    try (PreparedStatement update =
            database.prepareStatement("UPDATE stock SET units = ? WHERE item = ?");
        PreparedStatement insert =
            database.prepareStatement("INSERT INTO sale (item, buyer) VALUES (?, ?)")) {
      update.setInt(1, unitsLeft);
      update.setString(2, ITEM);
      update.executeUpdate();
      insert.setString(1, ITEM);
      insert.setString(2, buyer);
      insert.executeUpdate();
    }
  }
}
