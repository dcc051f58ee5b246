package dev.fencepost.lock.spi.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class UnreadableRecordsTest {
  private final List<String> reports = new ArrayList<>();
  private final UnreadableRecords records =
      new UnreadableRecords((count, message) -> reports.add(count + " " + message));

  @Test
  void unreadable_isLeftOutAndReportedOnce() {
    LockName lock = new LockName("bad");
    for (int i = 0; i < 3; i++) {
      assertThat(records.skipping(lock, () -> fail(lock))).isEmpty();
    }
    assertThat(records.skipping(new LockName("good"), () -> 7)).contains(7);
    assertThat(reports)
        .containsExactly("1 the record of lock \"bad\" cannot be read by this version: format 2");
  }

  @Test
  void foreignEntry_isReportedOnceShortenedAndPrintable() {
    for (int i = 0; i < 3; i++) {
      records.skippedForeign("a\n" + "x".repeat(1_000));
    }
    assertThat(reports)
        .containsExactly("1 the entry \"a\\u000a" + "x".repeat(62) + "…\" belongs to no lock");
  }

  @Test
  void reports_haveABound() {
    for (int i = 0; i < UnreadableRecords.MOST_REPORTED + 10; i++) {
      LockName lock = new LockName("bad/" + i);
      records.skipped(lock, StoreException.unreadable(lock, "format 2"));
    }
    assertThat(reports).hasSize(UnreadableRecords.MOST_REPORTED);
  }

  @Test
  void otherFailure_isNotSwallowed() {
    StoreException timeout = new StoreException(Failure.STORE_TIMEOUT, "no answer");
    assertThatThrownBy(
            () ->
                records.skipping(
                    new LockName("a"),
                    () -> {
                      throw timeout;
                    }))
        .isSameAs(timeout);
    assertThat(reports).isEmpty();
  }

  private static int fail(LockName lock) {
    throw StoreException.unreadable(lock, "format 2");
  }
}
