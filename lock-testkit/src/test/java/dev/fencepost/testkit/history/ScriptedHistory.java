package dev.fencepost.testkit.history;

import dev.fencepost.testkit.history.RecordedCall.Operation;
import dev.fencepost.testkit.history.RecordedCall.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Writes a history by hand. Times are seconds; every lease is 10 s, of which 9 may be used. */
final class ScriptedHistory {

  static final Duration TTL = Duration.ofSeconds(10);

  private final List<RecordedCall> calls = new ArrayList<>();

  ScriptedHistory granted(String claim, int sent, int answered, long token) {
    return add(Operation.ACQUIRE, claim, sent, answered, Result.GRANTED, token);
  }

  ScriptedHistory notGranted(String claim, int sent, int answered) {
    return add(Operation.ACQUIRE, claim, sent, answered, Result.NOT_GRANTED, 0);
  }

  ScriptedHistory acquireUnanswered(String claim, int sent) {
    return add(Operation.ACQUIRE, claim, sent, -1, Result.UNKNOWN, 0);
  }

  ScriptedHistory renewed(String claim, int sent, int answered, long token) {
    return add(Operation.RENEW, claim, sent, answered, Result.RENEWED, token);
  }

  ScriptedHistory lost(String claim, int sent, int answered, long token) {
    return add(Operation.RENEW, claim, sent, answered, Result.LOST, token);
  }

  ScriptedHistory released(String claim, int sent, int answered, long token) {
    return add(Operation.RELEASE, claim, sent, answered, Result.RELEASED, token);
  }

  ScriptedHistory notHeld(String claim, int sent, int answered, long token) {
    return add(Operation.RELEASE, claim, sent, answered, Result.NOT_HELD, token);
  }

  ScriptedHistory releaseUnanswered(String claim, int sent, long token) {
    return add(Operation.RELEASE, claim, sent, -1, Result.UNKNOWN, token);
  }

  CallHistory history() {
    return new CallHistory(calls);
  }

  private ScriptedHistory add(
      Operation operation, String claim, int sent, int answered, Result result, long token) {
    long sentNanos = Duration.ofSeconds(sent).toNanos();
    calls.add(
        new RecordedCall(
            operation,
            "lock",
            claim,
            sentNanos,
            answered < 0 ? RecordedCall.NEVER : Duration.ofSeconds(answered).toNanos(),
            result,
            token,
            TTL.toNanos(),
            sentNanos));
    return this;
  }
}
