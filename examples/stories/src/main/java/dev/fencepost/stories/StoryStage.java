package dev.fencepost.stories;

import dev.fencepost.cli.Main;
import dev.fencepost.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Fencepost server, a database and three nodes, each a process of its own. It plays stories, and
 * decides which node takes its next step: so the failures happen every time. For one thread.
 */
final class StoryStage implements AutoCloseable {

  private static final int NODES = 3;

  /** The longest time for one step of a node. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final List<String> SMALL =
      List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  private static final List<String> QUIET =
      List.of(
          "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider",
          "-Dslf4j.internal.verbosity=ERROR");

  private static final String LISTENS = "  gRPC ";

  private final Connection database;
  private final ChildJvm server;
  private final List<ChildJvm> nodes;

  private StoryStage(Connection database, ChildJvm server, List<ChildJvm> nodes) {
    this.database = database;
    this.server = server;
    this.nodes = nodes;
  }

  /**
   * Starts the processes.
   *
   * @param folder an empty folder for the server's locks
   * @param jdbcUrl a database that several processes can open, for which this process keeps a
   *     connection
   */
  static StoryStage open(Path folder, String jdbcUrl) throws SQLException {
    Connection database = DriverManager.getConnection(jdbcUrl);
    List<ChildJvm> nodes = new ArrayList<>();
    ChildJvm server =
        ChildJvm.start(
            SMALL,
            Main.class,
            "server",
            "--store=h2:" + folder.resolve("locks"),
            "--listen=127.0.0.1:0",
            "--http-listen=off",
            "--log.level=error");
    StoryStage stage = new StoryStage(database, server, nodes);
    try {
      stage.prepare(
          List.of(
              "CREATE TABLE IF NOT EXISTS fence_guard"
                  + " (resource VARCHAR(512) PRIMARY KEY, token BIGINT NOT NULL)"));
      String banner = server.awaitLine(line -> line.startsWith(LISTENS), PATIENCE);
      String address = banner.substring(LISTENS.length()).strip();
      for (int i = 0; i < NODES; i++) {
        nodes.add(ChildJvm.start(nodeOptions(), StoryNode.class, address, jdbcUrl));
      }
      return stage;
    } catch (SQLException | RuntimeException | Error e) {
      stage.close();
      throw e;
    }
  }

  /** The log of a client would come between the lines of the node. */
  private static List<String> nodeOptions() {
    return Stream.concat(SMALL.stream(), QUIET.stream()).toList();
  }

  /** Plays all acts of a story. */
  List<ActResult> play(Story story) throws SQLException {
    List<ActResult> results = new ArrayList<>();
    for (StoryAct act : StoryAct.values()) {
      prepare(story.preparation());
      int refused = act.hasLock() ? playInTurn(story, act) : playTogether(story, act);
      String figure = story.figure(database);
      results.add(new ActResult(act, figure, figure.equals(story.rightFigure()), refused));
    }
    return results;
  }

  /** All nodes read. Then they write, the first one last. */
  private int playTogether(Story story, StoryAct act) {
    List<ChildJvm> players = nodes.subList(0, story.nodes().size());
    for (int i = 0; i < players.size(); i++) {
      order(i, story, act);
      await(players.get(i), StoryNode.READY);
    }
    int refused = players.subList(1, players.size()).stream().mapToInt(StoryStage::proceed).sum();
    return refused + proceed(players.get(0));
  }

  /** The first node reads, and the others want the lock. With a pause, the first writes last. */
  private int playInTurn(Story story, StoryAct act) {
    ChildJvm first = nodes.get(0);
    order(0, story, act);
    await(first, StoryNode.READY);
    if (act.hasPause()) {
      first.pause();
    }
    List<ChildJvm> others = nodes.subList(1, story.nodes().size());
    for (int i = 1; i <= others.size(); i++) {
      order(i, story, act);
      await(nodes.get(i), StoryNode.STARTED);
    }
    int refused = act.hasPause() ? 0 : proceed(first);
    refused += others.stream().mapToInt(StoryStage::awaitDone).sum();
    if (act.hasPause()) { // The others are done, so the lease of the first one has ended.
      first.resume();
      refused += proceed(first);
    }
    return refused;
  }

  private void order(int node, Story story, StoryAct act) {
    nodes.get(node).send(new NodeOrder(story, act, story.nodes().get(node)).line());
  }

  /** Lets a node that is ready go on until it is done, and returns how often it was refused. */
  private static int proceed(ChildJvm node) {
    node.send("go");
    return awaitDone(node);
  }

  /** A node that was refused gets ready once more. */
  private static int awaitDone(ChildJvm node) {
    String line =
        node.awaitLine(
            each -> each.equals(StoryNode.READY) || each.startsWith(StoryNode.DONE), PATIENCE);
    return line.equals(StoryNode.READY)
        ? proceed(node)
        : Integer.parseInt(line.substring(StoryNode.DONE.length()));
  }

  private static void await(ChildJvm node, String line) {
    node.awaitLine(line::equals, PATIENCE);
  }

  private void prepare(List<String> statements) throws SQLException {
    try (Statement statement = database.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  @Override
  public void close() throws SQLException {
    Stream.concat(nodes.stream(), Stream.of(server)).forEach(ChildJvm::close);
    database.close();
  }
}
