package dev.fencepost.stories;

import dev.fencepost.client.FencepostClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;

/**
 * A service instance: a process with a client and a database connection of its own. It plays the
 * orders on its standard input. It prints {@value #STARTED} when it begins one. If it {@link
 * NodeOrder#isHeldUp is held up}, it prints {@value #READY} after it has read and decided, and
 * waits for a line before it writes. At the end it prints {@value #DONE} and the number of its
 * attempts that the fence refused.
 */
public final class StoryNode {

  static final String STARTED = "started";
  static final String READY = "ready";
  static final String DONE = "done ";

  private final BufferedReader input =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private StoryNode() {}

  /**
   * Plays until the standard input ends.
   *
   * @param args the address of the server and the JDBC URL of the database
   */
  public static void main(String... args) throws Exception {
    try (FencepostClient client = FencepostClient.connect(args[0]);
        Connection database = DriverManager.getConnection(args[1])) {
      database.setAutoCommit(false);
      new StoryNode().play(client, database);
    }
  }

  private void play(FencepostClient client, Connection database) throws Exception {
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      System.out.println(STARTED);
      int refused = new NodeWork(NodeOrder.parse(line), database, this::awaitGo).run(client);
      System.out.println(DONE + refused);
    }
  }

  private void awaitGo() {
    System.out.println(READY);
    try {
      input.readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
