package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.lock.LockName;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of a batch of which a part has happened. */
final class LaneTest {
  private static final Lane.Terms TERMS = new Lane.Terms("test", 10, 10, Duration.ofMinutes(1));

  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch gathered = new CountDownLatch(1);
  private final Queue<List<String>> asked = new ConcurrentLinkedQueue<>();

  @Test
  void repeatedBatch_leavesOutWhatWasTold() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:lane");
    config.setMaximumPoolSize(1);
    try (HikariDataSource pool = new HikariDataSource(config);
        Lane lane = new Lane(TERMS, pool, this::tellOneThenCollide, new Random(1))) {
      CompletableFuture<Boolean> first = lane.ask(leave("first")).toCompletableFuture();
      await(begun);
      CompletableFuture<Boolean> told = lane.ask(leave("told")).toCompletableFuture();
      CompletableFuture<Boolean> left = lane.ask(leave("left")).toCompletableFuture();
      gathered.countDown();
      assertThat(first.get(1, TimeUnit.MINUTES)).isTrue();
      assertThat(told.get(1, TimeUnit.MINUTES)).isTrue();
      assertThat(left.get(1, TimeUnit.MINUTES)).isTrue();
    }
    assertThat(asked).containsExactly(List.of("first"), List.of("told", "left"), List.of("left"));
  }

  /** The first call travels alone, so that those behind it gather. */
  private void tellOneThenCollide(Connection connection, List<Call<?>> calls) throws SQLException {
    asked.add(calls.stream().map(LaneTest::nameOf).toList());
    if (nameOf(calls.get(0)).equals("first")) {
      begun.countDown();
      await(gathered);
    }
    for (Call<?> call : calls) {
      Asking.settle(call, true);
      if (nameOf(call).equals("told")) {
        call.tell();
        throw new SQLException("a deadlock", "40P01");
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String nameOf(Call<?> call) {
    return ((Question.OfLock<?>) call.question()).lock().value();
  }

  private static Question<Boolean> leave(String lock) {
    return new Question.Leave(new LockName(lock));
  }
}
