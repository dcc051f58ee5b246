package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.fence.pause.PauseTrial;
import dev.fencepost.fence.pause.PausedTransaction;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.testkit.process.ChildJvm;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The promises of both kinds of SQL fence, in every isolation level of a database. */
abstract class JdbcFenceContract extends SqlFixture {

  static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final int WRITERS = 6;

  private final JdbcFence table = JdbcFence.table("fence_guard");
  private final JdbcFence column = JdbcFence.column("protected", "resource", "fence");

  @Test
  void tokenBelowTheMark_isRefused_othersPass() throws Exception {
    pass(table, "orders/42", 1);
    pass(table, "orders/42", 1);
    pass(table, "orders/42", 3);
    refuse(table, "orders/42", 2, 3);
    pass(table, "orders/43", 2);
    execute("INSERT INTO protected (resource) VALUES ('orders/42')");
    pass(column, "orders/42", 1);
    pass(column, "orders/42", 1);
    pass(column, "orders/42", 3);
    refuse(column, "orders/42", 2, 3);
  }

  @Test
  void names_areComparedByteForByte() throws Exception {
    List<String> names =
        List.of("a", "A", "a ", "ä", "a\u0308", "ß", "ss", "😀", "😁", "'; DROP", "x".repeat(512));
    for (int i = 0; i < names.size(); i++) {
      pass(table, names.get(i), i + 1);
    }
    for (int i = 0; i < names.size(); i++) {
      refuse(table, names.get(i), i, i + 1);
    }
  }

  @Test
  void rollback_leavesTheMarkAsItWas() throws Exception {
    pass(table, "a", 1);
    try (Connection connection = begin(Connection.TRANSACTION_READ_COMMITTED)) {
      table.check(connection, "a", token(5));
      table.check(connection, "b", token(5));
      connection.rollback();
    }
    pass(table, "a", 2);
    pass(table, "b", 2);
  }

  @Test
  void refusal_leavesTheTransactionUsable() throws Exception {
    pass(table, "a", 2);
    try (Connection connection = begin(Connection.TRANSACTION_READ_COMMITTED)) {
      assertThatThrownBy(() -> table.check(connection, "a", token(1)))
          .isInstanceOf(StaleTokenException.class);
      insertEffect(connection, token(1));
      connection.commit();
    }
    assertThat(effects()).hasSize(1);
  }

  @Test
  void autoCommit_isRefused() throws Exception {
    try (Connection connection = DriverManager.getConnection(url())) {
      for (JdbcFence fence : List.of(table, column)) {
        assertThatThrownBy(() -> fence.check(connection, "a", token(1)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("auto-commit");
      }
    }
  }

  @Test
  void keysOfOtherTypes_findTheirRows_andMissingRowsAreDistinguished() throws Exception {
    execute("INSERT INTO accounts (id) VALUES (9007199254740993)");
    JdbcFence accounts = JdbcFence.column("accounts", "id", "fence");
    pass(accounts, 9_007_199_254_740_993L, 2);
    refuse(accounts, 9_007_199_254_740_993L, 1, 2);
    assertThatThrownBy(() -> pass(accounts, 9_007_199_254_740_992L, 1))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("a row of accounts with that id");
    assertThatThrownBy(() -> pass(table, 42L, 1)).isInstanceOf(InvalidValueException.class);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Connection.TRANSACTION_READ_COMMITTED,
        Connection.TRANSACTION_REPEATABLE_READ,
        Connection.TRANSACTION_SERIALIZABLE
      })
  void effectsOfManyWriters_haveTokensThatNeverDecrease(int isolation) throws Exception {
    execute("INSERT INTO protected (resource) VALUES ('a')");
    for (JdbcFence fence : List.of(table, column)) {
      execute("DELETE FROM effects");
      long highest = RisingTokens.run(WRITERS, 40, token -> write(fence, "a", token, isolation));
      RisingTokens.assertNeverFalling(effects(), highest);
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Connection.TRANSACTION_READ_COMMITTED,
        Connection.TRANSACTION_REPEATABLE_READ,
        Connection.TRANSACTION_SERIALIZABLE
      })
  void firstUseByManyAtOnce_letsTheHighestPass(int isolation) throws Exception {
    for (int round = 0; round < 15; round++) {
      String fresh = "fresh/" + round;
      execute("DELETE FROM effects");
      long highest = RisingTokens.run(WRITERS, 1, token -> write(table, fresh, token, isolation));
      RisingTokens.assertNeverFalling(effects(), highest);
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Connection.TRANSACTION_READ_COMMITTED,
        Connection.TRANSACTION_REPEATABLE_READ,
        Connection.TRANSACTION_SERIALIZABLE
      })
  void snapshotOlderThanANewerHolder_neverLetsALateWriteThrough(int isolation) throws Exception {
    pass(table, "known", 1);
    execute("INSERT INTO protected (resource, fence) VALUES ('known', 1)");
    for (JdbcFence fence : List.of(table, column)) {
      for (String resource : fence == table ? List.of("known", "fresh") : List.of("known")) {
        try (Connection late = begin(isolation)) {
          countEffects(late); // Takes the snapshot: from here on it may see old rows.
          pass(fence, resource, 3);
          assertThatThrownBy(() -> fence.check(late, resource, token(2)))
              .satisfiesAnyOf(
                  e -> assertThat(e).isInstanceOf(StaleTokenException.class),
                  e -> assertThat(isToBeRepeated((Exception) e)).isTrue());
          late.rollback();
        }
      }
    }
  }

  @Test
  void newerHolder_waitsForACheckedOne_soThatEffectsKeepTheOrder() throws Exception {
    try (Connection older = begin(Connection.TRANSACTION_READ_COMMITTED)) {
      table.check(older, "a", token(1));
      Future<?> newer = submitWrite(token(2));
      await().until(() -> waitingForRows() > 0);
      insertEffect(older, token(1));
      assertThat(newer).isNotDone();
      older.commit();
      newer.get();
    }
    assertThat(effects()).containsExactly(token(1).value(), token(2).value());
  }

  @Test
  void differentResources_doNotWaitForEachOther_notEvenAtFirstUse() throws Exception {
    try (Connection one = begin(Connection.TRANSACTION_READ_COMMITTED);
        Connection other = begin(Connection.TRANSACTION_REPEATABLE_READ)) {
      table.check(one, "orders/1", token(1));
      table.check(other, "orders/2", token(1));
      table.check(one, "orders/3", token(1));
      table.check(other, "orders/4", token(1));
      one.commit();
      other.commit();
    }
  }

  @Test
  void marks_areTransactionsOfTheirOwn() {
    FenceMarks marks = table.marks(new SimpleDataSource(url()));
    marks.check("a", token(2));
    assertThatThrownBy(() -> marks.check("a", token(1))).isInstanceOf(StaleTokenException.class);
    marks.check("a", token(2));
    FenceMarks nowhere = JdbcFence.table("no_such_table").marks(new SimpleDataSource(url()));
    assertThatThrownBy(() -> nowhere.check("a", token(1)))
        .isInstanceOf(FenceUnavailableException.class);
  }

  @Test
  void holderStoppedBetweenLookAndWrite_isRefused() throws Exception {
    insertProtected();
    Future<?> byTable = threads.submit(() -> pauseTrial("jdbc-table"));
    pauseTrial("jdbc-column");
    byTable.get();
    assertThat(numbers("SELECT COUNT(*) FROM protected WHERE content = 'newer'"))
        .containsExactly((long) PauseTrial.RESOURCES);
  }

  /** A row for each of the resources that a paused holder writes. */
  final void insertProtected() throws SQLException {
    try (Connection connection = begin(Connection.TRANSACTION_READ_COMMITTED);
        PreparedStatement insert =
            connection.prepareStatement("INSERT INTO protected (resource) VALUES (?)")) {
      for (String resource : PauseTrial.resources()) {
        insert.setString(1, resource);
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
  }

  private Void pauseTrial(String kind) throws Exception {
    PauseTrial.allLateWritesAreRefused(kind, url());
    return null;
  }

  @Test
  void holderStoppedBetweenCheckAndCommit_keepsTheNextOneOut() throws Exception {
    try (ChildJvm older = stoppedInTransaction(url())) {
      Future<?> newer = submitWrite(token(2));
      await().until(() -> waitingForRows() > 0);
      older.resume();
      older.send("go on");
      assertThat(older.awaitLine(line -> true, PATIENCE)).isEqualTo("committed");
      newer.get();
    }
    assertThat(effects()).containsExactly(token(1).value(), token(2).value());
  }

  /** A process that has passed the fence for {@code a} with token 1, and is stopped. */
  final ChildJvm stoppedInTransaction(String url) {
    ChildJvm child =
        ChildJvm.start(List.of("-Xmx64m"), PausedTransaction.class, url, "a", token(1).toString());
    child.awaitLine("checked"::equals, PATIENCE);
    child.pause();
    return child;
  }

  /** A fenced write to {@code a} on another thread. */
  final Future<?> submitWrite(FencingToken token) {
    return threads.submit(
        () -> {
          write(table, "a", token, Connection.TRANSACTION_READ_COMMITTED);
          return null;
        });
  }

  private void pass(JdbcFence fence, Object resource, long token) throws SQLException {
    try (Connection connection = begin(Connection.TRANSACTION_READ_COMMITTED)) {
      fence.check(connection, resource, token(token));
      connection.commit();
    }
  }

  private void refuse(JdbcFence fence, Object resource, long token, long mark) {
    assertThatThrownBy(() -> pass(fence, resource, token))
        .isInstanceOfSatisfying(
            StaleTokenException.class,
            stale -> {
              assertThat(stale.resource()).isEqualTo(String.valueOf(resource));
              assertThat(stale.token()).isEqualTo(token(token));
              assertThat(stale.mark()).isEqualTo(token(mark));
            });
  }

  private static void countEffects(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM effects")) {
      rows.next();
    }
  }
}
