package dev.fencepost.server.identity;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.config.JwtSettings;
import dev.fencepost.server.identity.CredentialException.Fault;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Verifies JWTs on two threads of its own, and remembers the results by the SHA-256 of the token: a
 * right one until its end and grace, any other for 10 s. Never reads keys. Thread-safe.
 */
public final class JwtChecks implements AutoCloseable {
  static final int MAX_VERIFIED = 10_000;
  static final int MAX_REFUSED = 1_000;
  static final int MAX_WAITING = 1_000;
  private static final int THREADS = 2;
  private static final Duration REFUSED_FOR = Duration.ofSeconds(10);

  private final JwtVerifier verifier;
  private final Supplier<JwtKeys> keys;
  private final Runnable refresh;
  private final Duration grace;
  private final InstantSource clock;
  private final Map<String, CheckResult> verified = new ConcurrentHashMap<>();
  private final Map<String, CheckResult> refused = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<VerifiedJwt>> waiting = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MAX_WAITING),
          task -> {
            Thread thread = new Thread(task, "fencepost-jwt-" + numbers.incrementAndGet());
            thread.setDaemon(true);
            return thread;
          });

  /** A result, until it is forgotten. */
  private record CheckResult(CompletableFuture<VerifiedJwt> answer, Instant end) {}

  /**
   * Creates the checks.
   *
   * @param keys returns the keys in force
   * @param refresh requests new keys; called when a JWT names a key that is unknown
   * @param grace time after the end of a JWT in which its result is still needed
   */
  public JwtChecks(
      JwtSettings settings,
      Supplier<JwtKeys> keys,
      Runnable refresh,
      Duration grace,
      InstantSource clock) {
    this.verifier = new JwtVerifier(settings);
    this.keys = keys;
    this.refresh = refresh;
    this.grace = grace;
    this.clock = clock;
  }

  /**
   * Verifies a JWT, whether or not it has ended. Never blocks.
   *
   * @return the result, which is complete if it is remembered. It fails with a {@link
   *     CredentialException} if the JWT is refused, with an {@link OverLimitException} if too many
   *     wait
   */
  public CompletableFuture<VerifiedJwt> verify(String bearer) {
    String name = StaticToken.hashOf(bearer);
    CheckResult known = verified.getOrDefault(name, refused.get(name));
    if (known != null && clock.instant().isBefore(known.end())) {
      return known.answer();
    }
    CompletableFuture<VerifiedJwt> answer = new CompletableFuture<>();
    CompletableFuture<VerifiedJwt> earlier = waiting.putIfAbsent(name, answer);
    if (earlier != null) {
      return earlier;
    }
    try {
      threads.execute(() -> check(name, bearer, answer));
    } catch (RejectedExecutionException e) {
      waiting.remove(name);
      answer.completeExceptionally(
          new OverLimitException("JWTs that wait for their verification", MAX_WAITING));
    }
    return answer;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  private void check(String name, String bearer, CompletableFuture<VerifiedJwt> answer) {
    Instant now = clock.instant();
    try {
      VerifiedJwt jwt = verifier.verify(bearer, keys.get(), now);
      Instant end = jwt.caller().end().plus(grace);
      if (now.isBefore(end)) {
        keep(verified, MAX_VERIFIED, name, new CheckResult(answer, end));
      } else {
        verified.remove(name);
        keep(refused, MAX_REFUSED, name, new CheckResult(answer, now.plus(REFUSED_FOR)));
      }
      waiting.remove(name);
      answer.complete(jwt);
    } catch (CredentialException e) {
      if (e.fault() == Fault.UNKNOWN_KEY) {
        refresh.run(); // not remembered, so that it counts as soon as the key is there
      } else {
        verified.remove(name);
        keep(refused, MAX_REFUSED, name, new CheckResult(answer, now.plus(REFUSED_FOR)));
      }
      waiting.remove(name);
      answer.completeExceptionally(e);
    } catch (RuntimeException e) {
      waiting.remove(name);
      answer.completeExceptionally(e);
    }
  }

  /** Adds a result. A full map loses what has ended, else one result. */
  private void keep(Map<String, CheckResult> results, int max, String name, CheckResult result) {
    if (results.size() >= max) {
      Instant now = clock.instant();
      results.values().removeIf(each -> !now.isBefore(each.end()));
      Iterator<String> any = results.keySet().iterator();
      while (results.size() >= max && any.hasNext()) {
        any.next();
        any.remove();
      }
    }
    results.put(name, result);
  }
}
