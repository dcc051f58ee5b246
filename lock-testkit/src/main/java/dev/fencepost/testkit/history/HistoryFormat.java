package dev.fencepost.testkit.history;

import dev.fencepost.testkit.history.RecordedCall.Operation;
import dev.fencepost.testkit.history.RecordedCall.Result;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The text format of a history: a line when a call is sent and one when it is answered, in words
 * separated by one space, names percent-encoded.
 *
 * <ul>
 *   <li>{@code sent}, number, nanos, operation, lock, claim, token, ttl in nanos
 *   <li>{@code done}, number, nanos, result, token, ttl in nanos, counted from nanos
 * </ul>
 */
final class HistoryFormat {

  private static final String SENT = "sent";
  private static final String DONE = "done";
  private static final int SENT_WORDS = 8;
  private static final int DONE_WORDS = 7;

  private HistoryFormat() {}

  static String sent(long number, RecordedCall call) {
    return String.join(
        " ",
        SENT,
        Long.toString(number),
        Long.toString(call.sentNanos()),
        call.operation().name(),
        encode(call.lock()),
        encode(call.claim()),
        Long.toString(call.token()),
        Long.toString(call.ttlNanos()));
  }

  static String done(long number, RecordedCall call) {
    return String.join(
        " ",
        DONE,
        Long.toString(number),
        Long.toString(call.answeredNanos()),
        call.result().name(),
        Long.toString(call.token()),
        Long.toString(call.ttlNanos()),
        Long.toString(call.countedFromNanos()));
  }

  /** The calls in a text of such lines. */
  static List<RecordedCall> read(String text, String source) throws IOException {
    Map<Long, RecordedCall> calls = new LinkedHashMap<>();
    int end = text.lastIndexOf('\n'); // The rest was cut off by the end of its process.
    int number = 0;
    for (String line : text.substring(0, Math.max(0, end)).split("\n", -1)) {
      number++;
      try {
        if (!line.isEmpty()) {
          add(calls, line.split(" ", -1));
        }
      } catch (IllegalArgumentException e) {
        throw new IOException(source + ":" + number + " is no line of a history: " + line, e);
      }
    }
    return new ArrayList<>(calls.values());
  }

  private static void add(Map<Long, RecordedCall> calls, String[] words) {
    if (words[0].equals(SENT) && words.length == SENT_WORDS) {
      calls.put(Long.valueOf(words[1]), readSent(words));
    } else if (words[0].equals(DONE) && words.length == DONE_WORDS) {
      RecordedCall sent = calls.get(Long.valueOf(words[1]));
      if (sent == null) {
        throw new IllegalArgumentException("answered, but never sent");
      }
      calls.put(Long.valueOf(words[1]), readDone(sent, words));
    } else {
      throw new IllegalArgumentException("neither sent nor done");
    }
  }

  private static RecordedCall readSent(String[] words) {
    long sentNanos = Long.parseLong(words[2]);
    return new RecordedCall(
        Operation.valueOf(words[3]),
        decode(words[4]),
        decode(words[5]),
        sentNanos,
        RecordedCall.NEVER,
        Result.UNKNOWN,
        Long.parseLong(words[6]),
        Long.parseLong(words[7]),
        sentNanos);
  }

  private static RecordedCall readDone(RecordedCall sent, String[] words) {
    return new RecordedCall(
        sent.operation(),
        sent.lock(),
        sent.claim(),
        sent.sentNanos(),
        Long.parseLong(words[2]),
        Result.valueOf(words[3]),
        Long.parseLong(words[4]),
        Long.parseLong(words[5]),
        Long.parseLong(words[6]));
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
