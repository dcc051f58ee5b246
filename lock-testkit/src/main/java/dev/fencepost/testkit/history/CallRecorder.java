package dev.fencepost.testkit.history;

import dev.fencepost.testkit.history.RecordedCall.Operation;
import dev.fencepost.testkit.history.RecordedCall.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Records the calls of one process as they happen. Thread-safe; keeps all calls in memory. */
public final class CallRecorder implements AutoCloseable {

  private final Map<Long, RecordedCall> calls = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final LongSupplier nanoTime;
  private final Writer file;

  private CallRecorder(LongSupplier nanoTime, Writer file) {
    this.nanoTime = nanoTime;
    this.file = file;
  }

  /** Records in memory only. */
  public static CallRecorder inMemory() {
    return new CallRecorder(System::nanoTime, Writer.nullWriter());
  }

  /** Records in memory, with the given clock. */
  public static CallRecorder inMemory(LongSupplier nanoTime) {
    return new CallRecorder(nanoTime, Writer.nullWriter());
  }

  /** Records in memory and in a new file that always holds all events so far. */
  public static CallRecorder toFile(Path file) throws IOException {
    return new CallRecorder(
        System::nanoTime, Files.newBufferedWriter(file, StandardCharsets.UTF_8));
  }

  /** Call it right before an acquire is sent. */
  public Open acquire(String lock, String claim, Duration ttl) {
    return send(Operation.ACQUIRE, lock, new Subject(claim, 0, ttl.toNanos()));
  }

  /** Call it right before a renewal is sent. */
  public Open renew(String lock, String claim, long token, Duration ttl) {
    return send(Operation.RENEW, lock, new Subject(claim, token, ttl.toNanos()));
  }

  /** Call it right before a release is sent, when the client has stopped to act as holder. */
  public Open release(String lock, String claim, long token) {
    return send(Operation.RELEASE, lock, new Subject(claim, token, 0));
  }

  /** Returns the calls recorded so far. */
  public CallHistory history() {
    return new CallHistory(calls.values().stream().toList());
  }

  /** Closes the file. */
  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A call in flight. Without an answer its result stays unknown. */
  public final class Open {

    private final long number;
    private final RecordedCall sent;

    private Open(long number, RecordedCall sent) {
      this.number = number;
      this.sent = sent;
    }

    /** When it was sent. */
    public long sentNanos() {
      return sent.sentNanos();
    }

    /** The answer of an acquire that has the lock, counted from the sending. */
    public void granted(long token, Duration ttl) {
      grantedCountingFrom(token, ttl, sent.sentNanos());
    }

    /** The answer of an acquire that has the lock, counted from a moment that the client knows. */
    public void grantedCountingFrom(long token, Duration ttl, long countedFromNanos) {
      done(Result.GRANTED, token, ttl.toNanos(), countedFromNanos);
    }

    /** Any other answer. */
    public void answered(Result result) {
      done(result, sent.token(), sent.ttlNanos(), sent.sentNanos());
    }

    private void done(Result result, long token, long ttlNanos, long countedFromNanos) {
      long now = nanoTime.getAsLong();
      RecordedCall call =
          new RecordedCall(
              sent.operation(),
              sent.lock(),
              sent.claim(),
              sent.sentNanos(),
              result == Result.UNKNOWN ? RecordedCall.NEVER : now,
              result,
              token,
              ttlNanos,
              countedFromNanos);
      calls.put(number, call);
      write(HistoryFormat.done(number, call));
    }
  }

  private record Subject(String claim, long token, long ttlNanos) {}

  private Open send(Operation operation, String lock, Subject subject) {
    long number = numbers.incrementAndGet();
    long now = nanoTime.getAsLong();
    RecordedCall call =
        new RecordedCall(
            operation,
            lock,
            subject.claim(),
            now,
            RecordedCall.NEVER,
            Result.UNKNOWN,
            subject.token(),
            subject.ttlNanos(),
            now);
    calls.put(number, call);
    write(HistoryFormat.sent(number, call));
    return new Open(number, call);
  }

  private void write(String line) {
    synchronized (file) {
      try {
        file.write(line + "\n");
        file.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
