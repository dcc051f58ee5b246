package dev.fencepost.server.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records events and has one thread write them. Recording never waits and never fails. At most
 * {@value #MAX_WAITING} events wait; {@value #RESERVED} places are for acts of operators, rules and
 * revocations. Events that find no place or cannot be written are counted, and the next line tells
 * of them. Thread-safe.
 */
public final class AuditTrail implements AutoCloseable {
  static final int RESERVED = 1_024;
  static final int MAX_WAITING = 8_192 + RESERVED;
  private static final Logger LOG = LoggerFactory.getLogger(AuditTrail.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);
  private static final long POLL_MILLIS = 250;
  private static final AuditKind[] KINDS = AuditKind.values();

  private final AuditOutput output;
  private final String replica;
  private final InstantSource clock;
  private final LinkedBlockingQueue<Recorded> waiting = new LinkedBlockingQueue<>(MAX_WAITING);
  private final RefusalWindows refusals = new RefusalWindows();
  private final Map<AuditKind, LongAdder> dropped =
      Arrays.stream(KINDS).collect(Collectors.toMap(Function.identity(), kind -> new LongAdder()));
  private final Thread writer = new Thread(this::run, "fencepost-audit");
  private volatile boolean closed;
  private volatile boolean recordsGrants;
  private long sequence;
  private long toldDropped;
  private String fault = "";

  private record Recorded(Instant time, AuditEntry entry) {}

  AuditTrail(AuditOutput output, String replica, InstantSource clock) {
    this.output = output;
    this.replica = replica;
    this.clock = clock;
    writer.setDaemon(true);
    writer.start();
  }

  /** Creates a trail that writes to the logger {@code dev.fencepost.audit}. */
  public static AuditTrail toLogger(String replica, InstantSource clock) {
    return new AuditTrail(new AuditLogger(), replica, clock);
  }

  /**
   * Creates a trail that writes to a file.
   *
   * @param maxBytes limit of one file
   * @param keep full files that are kept
   * @throws IOException if the file cannot be written
   */
  public static AuditTrail toFile(
      Path file, long maxBytes, int keep, String replica, InstantSource clock) throws IOException {
    return new AuditTrail(new AuditFile(file, maxBytes, keep), replica, clock);
  }

  /** Has grants, renewals, releases and losses recorded from now on. */
  public void includeGrants() {
    recordsGrants = true;
  }

  /** Returns true if grants are recorded. Ask it before an entry is created: there are many. */
  public boolean recordsGrants() {
    return recordsGrants;
  }

  /** Records an event. */
  public void record(AuditEntry entry) {
    boolean hasPlace = entry.kind().isReserved() || waiting.remainingCapacity() > RESERVED;
    if (closed || !hasPlace || !waiting.offer(new Recorded(clock.instant(), entry))) {
      countDropped(entry.kind());
    }
  }

  /**
   * Records a refusal, or counts it if there were many equal ones within the second.
   *
   * @param details creates the entry; not called for those that are counted
   */
  public void recordRefusal(RefusalKey key, Supplier<AuditEntry> details) {
    if (refusals.admits(key, System.nanoTime())) {
      record(details.get());
    }
  }

  /** Returns the number of events of the kind that were dropped since the start. */
  public long droppedCount(AuditKind kind) {
    LongAdder count = dropped.get(kind);
    return count == null ? 0 : count.sum();
  }

  /** Writes all that waits, for two seconds at most. Later events are dropped. */
  @Override
  public void close() {
    closed = true;
    try {
      writer.join(CLOSE_TIMEOUT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    writer.interrupt();
  }

  private void run() {
    long lastClosing = System.nanoTime();
    try {
      while (!closed || !waiting.isEmpty()) {
        Recorded next = waiting.poll(closed ? 0 : POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (next != null) {
          write(next);
        }
        if (System.nanoTime() - lastClosing >= TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)) {
          lastClosing = System.nanoTime();
          refusals.close(lastClosing, this::writeRest);
        }
      }
      refusals.close(System.nanoTime() + RefusalWindows.WINDOW_NANOS, this::writeRest);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(output);
    }
  }

  private void writeRest(RefusalKey key, long count) {
    write(new Recorded(clock.instant(), key.entry().with("count", count)));
  }

  private void write(Recorded recorded) {
    try {
      tellDropped();
      writeLine(recorded.time(), recorded.entry());
      fault = "";
    } catch (IOException | RuntimeException e) {
      countDropped(recorded.entry().kind());
      report(e);
    }
  }

  private void tellDropped() throws IOException {
    long all = dropped.values().stream().mapToLong(LongAdder::sum).sum();
    if (all > toldDropped) {
      List<String> kinds =
          Arrays.stream(KINDS)
              .filter(kind -> droppedCount(kind) > 0)
              .map(kind -> kind.word() + "=" + droppedCount(kind))
              .toList();
      writeLine(
          clock.instant(),
          AuditEntry.of(AuditKind.DROPPED)
              .with("reason", "since the start: " + String.join(" ", kinds))
              .with("count", all - toldDropped));
      toldDropped = all;
    }
  }

  private void writeLine(Instant time, AuditEntry entry) throws IOException {
    output.write(new AuditLine(time, sequence + 1, replica, entry));
    sequence++;
  }

  private void countDropped(AuditKind kind) {
    LongAdder count = dropped.get(kind);
    if (count != null) {
      count.increment();
    }
  }

  private void report(Exception e) {
    String text = String.valueOf(e);
    if (!text.equals(fault)) {
      LOG.error("the audit cannot be written; events are dropped and counted: {}", text);
    }
    fault = text;
  }

  private static void close(AuditOutput output) {
    try {
      output.close();
    } catch (IOException e) {
      LOG.error("the audit could not be closed", e);
    }
  }
}
