package dev.fencepost.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.testkit.history.RecordedCall.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallRecorderTest {

  private static final Duration TTL = Duration.ofSeconds(3);

  @TempDir private Path folder;

  @Test
  void writtenHistories_areReadAsTheyWere() throws IOException {
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    try (CallRecorder one = CallRecorder.toFile(first);
        CallRecorder other = CallRecorder.toFile(second)) {
      one.acquire("a lock/ü\n", "c1", TTL).granted(7, TTL.plusMillis(1));
      one.renew("a lock/ü\n", "c1", 7, TTL).answered(Result.RENEWED);
      one.acquire("x", "c3", TTL).grantedCountingFrom(9, TTL, 12345);
      one.release("a lock/ü\n", "c1", 7);
      other.acquire("", "c2", TTL).answered(Result.NOT_GRANTED);
      other.renew("x", "c2", 3, TTL).answered(Result.UNKNOWN);
      assertThat(CallHistory.read(List.of(first, second)).calls())
          .containsExactlyInAnyOrderElementsOf(one.history().with(other.history()).calls());
    }
  }

  @Test
  void call_isRecordedFromItsSending() {
    CallRecorder recorder = CallRecorder.inMemory();
    long before = System.nanoTime();
    CallRecorder.Open open = recorder.acquire("lock", "c", TTL);
    assertThat(recorder.history().calls())
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.result()).isEqualTo(Result.UNKNOWN);
              assertThat(call.answeredNanos()).isEqualTo(RecordedCall.NEVER);
              assertThat(call.sentNanos())
                  .isEqualTo(open.sentNanos())
                  .isBetween(before, System.nanoTime());
            });
    open.granted(4, TTL);
    assertThat(recorder.history().calls())
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.result()).isEqualTo(Result.GRANTED);
              assertThat(call.token()).isEqualTo(4);
              assertThat(call.answeredNanos()).isBetween(call.sentNanos(), System.nanoTime());
              assertThat(call.countedFromNanos()).isEqualTo(call.sentNanos());
            });
  }

  @Test
  void lineCutOff_leavesTheCallUnanswered() throws IOException {
    Path file = folder.resolve("cut");
    try (CallRecorder recorder = CallRecorder.toFile(file)) {
      recorder.acquire("lock", "c", TTL).granted(7, TTL);
    }
    String text = Files.readString(file, StandardCharsets.UTF_8);
    Files.writeString(file, text.substring(0, text.length() - 1), StandardCharsets.UTF_8);
    assertThat(CallHistory.read(List.of(file)).calls())
        .singleElement()
        .satisfies(call -> assertThat(call.result()).isEqualTo(Result.UNKNOWN));
    Files.writeString(file, "", StandardCharsets.UTF_8);
    assertThat(CallHistory.read(List.of(file)).calls()).isEmpty();
  }

  @Test
  void foreignFile_isRefusedWithTheLine() throws IOException {
    Path file = folder.resolve("foreign");
    for (String line :
        List.of("hello", "sent 1 2", "sent 1 x RENEW l c 0 0", "done 1 2 GRANTED 1 1 1")) {
      Files.writeString(file, "\n" + line + "\n", StandardCharsets.UTF_8);
      assertThatThrownBy(() -> CallHistory.read(List.of(file)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("foreign:2")
          .hasMessageContaining(line);
    }
  }
}
