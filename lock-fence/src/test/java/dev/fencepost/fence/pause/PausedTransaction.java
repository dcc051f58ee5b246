package dev.fencepost.fence.pause;

import dev.fencepost.fence.JdbcFence;
import dev.fencepost.lock.FencingToken;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * A process that passes the fence, prints {@code checked}, and is paused inside its transaction.
 * When it reads a line it writes its token into {@code effects}, commits, and prints {@code
 * committed} or {@code failed}.
 */
public final class PausedTransaction {

  private PausedTransaction() {}

  /** Arguments: the database's URL, the resource and the token. */
  public static void main(String[] args) throws Exception {
    FencingToken token = new FencingToken(Long.parseLong(args[2]));
    try (Connection connection = DriverManager.getConnection(args[0]);
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      connection.setAutoCommit(false);
      JdbcFence.table("fence_guard").check(connection, args[1], token);
      System.out.println("checked");
      orders.readLine();
      System.out.println(written(connection, token) ? "committed" : "failed");
    }
  }

  private static boolean written(Connection connection, FencingToken token) {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO effects (token) VALUES (?)")) {
      insert.setLong(1, token.value());
      insert.executeUpdate();
      connection.commit();
      return true;
    } catch (SQLException e) {
      return false;
    }
  }
}
