package dev.fencepost.fence;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisScriptingAsyncCommands;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A fence around writes to Redis: one script compares the token with the mark of each key, raises
 * the marks and does the write. Needs Lettuce ({@code io.lettuce:lettuce-core}).
 *
 * <pre>{@code
 * RedisFence fence = RedisFence.over(connection.async());
 * fence.set("stock:42", "17", lock.token()).join();
 * fence.eval("return redis.call('DECR', KEYS[1])", List.of("stock:42"), List.of(), lock.token());
 * }</pre>
 *
 * <p><b>Closes</b> the window, for the keys named: Redis runs nothing else between the comparison
 * and the write, and a command that was held back on its way is compared when it arrives. Writers
 * that do not go through a fence are not stopped. A fail-over that loses the last writes loses them
 * together with their marks, and an older holder may then write what it could have written before
 * them.
 *
 * <p>The mark of {@code stock:42} is the key {@code fencepost:mark:{stock:42}}, in the same slot of
 * a cluster; it is kept until {@link #keepingMarksFor} says otherwise. Do not let Redis evict it
 * ({@code maxmemory-policy noeviction}, or {@code volatile-*} with marks kept for ever).
 *
 * <p>Immutable and safe for use by many threads. No method blocks. If a future fails with {@link
 * StaleTokenException}, the write did not happen. If it fails with an exception of Lettuce, the
 * write may have happened. Invalid arguments are thrown at once.
 */
public final class RedisFence {

  /** Least time for which an unused mark is kept. */
  public static final Duration MIN_RETENTION = Duration.ofDays(1);

  /** Most keys of one write. */
  public static final int MAX_KEYS = 1_000;

  private static final String SET = "return redis.call('SET', KEYS[1], ARGV[1])";
  private static final String NOTHING = "";
  private static final String FOR_EVER = "0";

  private final RedisScriptingAsyncCommands<String, String> redis;
  private final String retentionMillis;

  private RedisFence(RedisScriptingAsyncCommands<String, String> redis, String retentionMillis) {
    this.redis = redis;
    this.retentionMillis = retentionMillis;
  }

  /** Makes a fence over a connection to a server or a cluster. The caller closes the connection. */
  public static RedisFence over(RedisScriptingAsyncCommands<String, String> redis) {
    return new RedisFence(redis, FOR_EVER);
  }

  /**
   * Returns a fence whose marks vanish when they are unused for this time. A write that is later
   * than that is not stopped.
   *
   * @param retention at least a day
   */
  public RedisFence keepingMarksFor(Duration retention) {
    if (retention.compareTo(MIN_RETENTION) < 0) {
      throw InvalidValueException.of("retention", DurationFormat.print(retention), "24h or more");
    }
    return new RedisFence(redis, Long.toString(retention.toMillis()));
  }

  /** Sets a key, unless a holder with a higher token has written it. */
  public CompletableFuture<Void> set(String key, String value, FencingToken token) {
    return eval(SET, List.of(key), List.of(value), token).thenAccept(done -> {});
  }

  /**
   * Runs a script, unless a holder with a higher token has written one of its keys. First raises
   * the marks of all its keys; they stay raised if the script fails.
   *
   * @param lua gets {@code keys} in KEYS and {@code args} in ARGV, as with EVAL; no shebang
   * @param keys 1–{@value #MAX_KEYS}, all keys that the script touches, in one slot; none with
   *     braces other than around a hash tag
   * @return the script's result: a Long, a String, a List of these, or null
   */
  public CompletableFuture<@Nullable Object> eval(
      String lua, List<String> keys, List<String> args, FencingToken token) {
    if (keys.isEmpty() || keys.size() > MAX_KEYS) {
      throw InvalidValueException.of("keys", keys.size() + " keys", "1–" + MAX_KEYS);
    }
    String[] allKeys =
        Stream.concat(keys.stream(), keys.stream().map(MarkKey::of)).toArray(String[]::new);
    String[] allArgs =
        Stream.concat(args.stream(), Stream.of(padded(token), retentionMillis))
            .toArray(String[]::new);
    return run(FencedScript.around(lua), allKeys, allArgs)
        .thenApply(answer -> resultOf(answer, keys, token))
        .toCompletableFuture();
  }

  /**
   * Returns these marks for a guard outside Redis. A resource's mark is that of the key of the same
   * name. <b>Narrows</b> only.
   *
   * @param timeout how long a check may block its thread, which must not be a thread of Lettuce
   */
  public FenceMarks marks(Duration timeout) {
    return new RedisMarks(this, timeout);
  }

  /** Lets the token pass for a key, and writes nothing but its mark. */
  CompletableFuture<Void> pass(String key, FencingToken token) {
    return eval(NOTHING, List.of(key), List.of(), token).thenAccept(done -> {});
  }

  private CompletionStage<List<Object>> run(String script, String[] keys, String[] args) {
    return redis
        .<List<Object>>evalsha(redis.digest(script), ScriptOutputType.MULTI, keys, args)
        .exceptionallyCompose(
            failure ->
                isUnknownScript(failure)
                    ? redis.eval(script, ScriptOutputType.MULTI, keys, args)
                    : CompletableFuture.failedFuture(failure));
  }

  private static boolean isUnknownScript(Throwable failure) {
    return failure instanceof RedisNoScriptException
        || (failure instanceof CompletionException
            && failure.getCause() instanceof RedisNoScriptException);
  }

  private static @Nullable Object resultOf(
      List<Object> answer, List<String> keys, FencingToken token) {
    if ("stale".equals(answer.get(0))) {
      String key = keys.get(Math.toIntExact((Long) answer.get(1)) - 1);
      long mark = Long.parseLong((String) answer.get(2));
      throw new StaleTokenException(key, token, new FencingToken(mark));
    }
    return answer.size() > 1 ? answer.get(1) : null;
  }

  /** Returns a token in 19 digits, so that tokens can be compared as texts. */
  private static String padded(FencingToken token) {
    return String.format(Locale.ROOT, "%019d", token.value());
  }
}
