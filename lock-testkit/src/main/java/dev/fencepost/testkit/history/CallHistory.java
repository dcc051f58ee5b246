package dev.fencepost.testkit.history;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The calls of all clients of a run. A call that was sent and not answered, for example because its
 * process was killed, has an unknown result.
 *
 * @param calls in no particular order
 */
public record CallHistory(List<RecordedCall> calls) {

  /** Copies the calls. */
  public CallHistory {
    calls = List.copyOf(calls);
  }

  /**
   * Reads the files that {@link CallRecorder}s wrote, one for each process. A last line that was
   * cut off is left out.
   *
   * @throws IOException if a file cannot be read or is not such a file
   */
  public static CallHistory read(Collection<Path> files) throws IOException {
    List<RecordedCall> calls = new ArrayList<>();
    for (Path file : files) {
      calls.addAll(
          HistoryFormat.read(Files.readString(file, StandardCharsets.UTF_8), file.toString()));
    }
    return new CallHistory(calls);
  }

  /** Both in one. */
  public CallHistory with(CallHistory other) {
    return new CallHistory(Stream.concat(calls.stream(), other.calls.stream()).toList());
  }

  /** The calls on each lock. */
  Map<String, List<RecordedCall>> byLock() {
    Map<String, List<RecordedCall>> locks = new LinkedHashMap<>();
    calls.forEach(call -> locks.computeIfAbsent(call.lock(), lock -> new ArrayList<>()).add(call));
    return locks;
  }
}
