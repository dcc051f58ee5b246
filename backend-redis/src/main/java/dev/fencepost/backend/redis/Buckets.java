package dev.fencepost.backend.redis;

import dev.fencepost.lock.ReplicaId;
import io.lettuce.core.ScriptOutputType;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What this replica knows of each bucket: its beginning, and the run of Redis that serves it. Safe
 * for use by many threads.
 */
final class Buckets {
  /** The beginning's identity: when, and by whom. */
  private static final int IDENTITY = Stored.MICROS + ReplicaId.LENGTH;

  private static final int PREDECESSOR = IDENTITY + Digits.TOKEN;
  private static final int RUN = PREDECESSOR + IDENTITY;

  /** One for each master of a large cluster; those of former runs are of no use. */
  private static final int MOST_RUNS = 64;

  private final Link link;
  private final String prefix;
  private final Keys keys;
  private final Seen seen;
  private final Scripts unbound;
  private final AtomicReferenceArray<Known> known = new AtomicReferenceArray<>(Keys.BUCKETS);
  private final Map<String, Scripts> byRun = new ConcurrentHashMap<>();

  private record Known(String beginning, Scripts scripts) {}

  /**
   * What settling a bucket told.
   *
   * @param quietMillis for how long nothing is granted in it
   * @param news whether it has another beginning than this replica knew
   * @param lost whether it lacks something that this replica knew
   * @param scripts those for the run that serves it
   */
  record Settled(long quietMillis, boolean news, boolean lost, Scripts scripts) {}

  Buckets(Link link, String prefix, Keys keys, Seen seen) {
    this.link = link;
    this.prefix = prefix;
    this.keys = keys;
    this.seen = seen;
    this.unbound = new Scripts(prefix, "");
    for (int bucket = 0; bucket < Keys.BUCKETS; bucket++) {
      known.set(bucket, new Known("", unbound));
    }
  }

  /**
   * The scripts for the run that served the bucket when it was settled last. After doubts they are
   * for none, so that the store does not know them, and the bucket is settled first.
   */
  Scripts scripts(int bucket) {
    return known.get(bucket).scripts();
  }

  /** The scripts for every run; those that are for one run alone belong to none here. */
  Scripts scripts() {
    return unbound;
  }

  /**
   * Another run may serve the bucket from now on, or the same one with another history: a process
   * that is demoted and promoted again keeps the scripts that it knew.
   */
  void doubt(int bucket) {
    known.updateAndGet(bucket, last -> new Known(last.beginning(), unbound));
  }

  /** The same for every bucket. */
  void doubt() {
    for (int bucket = 0; bucket < Keys.BUCKETS; bucket++) {
      doubt(bucket);
    }
  }

  /**
   * Sees who serves the bucket and what it lacks; if it lacks something, nothing is granted in it
   * until the grants that this replica remembers have ended.
   */
  CompletionStage<Settled> settle(int bucket) {
    String before = known.get(bucket).beginning();
    byte[] lastToken = seen.lastToken(bucket);
    Scripts.Arguments arguments =
        new Scripts.Arguments(
            keys.step(bucket, keys.beginning(bucket)),
            seen.selfText(),
            seen.leastToken(),
            lastToken,
            Digits.of(seen.quietMillis(bucket)),
            Digits.of(Seen.LEAST_QUIET_MILLIS),
            before.getBytes(StandardCharsets.US_ASCII));
    ScriptOutputType type = ScriptOutputType.VALUE;
    return unbound
        .<byte[]>run(link.store(), Script.SETTLE, type, arguments)
        .exceptionallyCompose(
            error ->
                Trouble.isUnknownScript(error)
                    ? unbound.<byte[]>runWhole(link.store(), Script.SETTLE, type, arguments)
                    : CompletableFuture.<byte[]>failedFuture(error))
        .thenApply(reply -> settled(bucket, before, lastToken, new Reply(reply)));
  }

  private Settled settled(int bucket, String before, byte[] lastToken, Reply reply) {
    long quiet = reply.numberUpTo(':');
    String beginning = reply.rest();
    if (byRun.size() > MOST_RUNS) {
      byRun.clear();
    }
    Scripts scripts =
        byRun.computeIfAbsent(beginning.substring(RUN), run -> new Scripts(prefix, run));
    known.set(bucket, new Known(beginning, scripts));
    if (before.isEmpty() || identity(before).equals(identity(beginning))) {
      return new Settled(quiet, false, false, scripts);
    }
    String seenLast = ascii(lastToken);
    boolean gap = seenLast.compareTo(beginning.substring(IDENTITY, PREDECESSOR)) > 0;
    boolean missed = !identity(before).equals(beginning.substring(PREDECESSOR, RUN));
    boolean knows = !seenLast.equals(ascii(Digits.of(0, Digits.TOKEN)));
    return new Settled(quiet, true, knows && (gap || missed), scripts);
  }

  private static String identity(String beginning) {
    return beginning.substring(0, IDENTITY);
  }

  private static String ascii(byte[] text) {
    return new String(text, StandardCharsets.US_ASCII);
  }
}
