package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallFailures;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CancellationException;

/** Maps exceptions of the client library and error replies of Redis to {@link StoreException}s. */
public final class RedisErrors {

  /** The failures that this replica reports itself. */
  public static final CallFailures CALLS = new CallFailures("Redis");

  /** Codes of a server that cannot serve now: starting, busy, demoted, cut off or not in charge. */
  private static final Set<String> PASSING =
      Set.of(
          "READONLY",
          "LOADING",
          "BUSY",
          "MISCONF",
          "NOREPLICAS",
          "MASTERDOWN",
          "CLUSTERDOWN",
          "MOVED",
          "ASK",
          "TRYAGAIN");

  private RedisErrors() {}

  /** Returns the exception for the caller. Its message contains no data of the store. */
  public static RuntimeException of(Throwable error) {
    Throwable cause = AsyncCalls.cause(error);
    if (cause instanceof StoreException known) {
      return known;
    }
    if (cause instanceof RedisCommandExecutionException) {
      return answered(code(cause), cause);
    }
    if (cause instanceof RedisCommandTimeoutException) {
      return new StoreException(
          Failure.STORE_TIMEOUT, "no answer from Redis within the call timeout", cause);
    }
    if (cause instanceof RedisException
        || cause instanceof IOException
        || cause instanceof CancellationException) {
      return new StoreException(
          Failure.STORE_UNREACHABLE, "no connection to Redis, or it broke", cause);
    }
    return new StoreException(Failure.STORE_ERROR, "the call failed in this server", cause);
  }

  /** True if the server does not know the script. */
  public static boolean isUnknownScript(Throwable error) {
    return AsyncCalls.cause(error) instanceof RedisNoScriptException;
  }

  /** True if the connection broke or the server answered that it cannot serve now. */
  public static boolean isUnreachable(Throwable error) {
    return of(error) instanceof StoreException known
        && known.failure() == Failure.STORE_UNREACHABLE;
  }

  /** True if the server answered that it takes no writes, or none any more. */
  public static boolean isDemotion(Throwable error) {
    Throwable cause = AsyncCalls.cause(error);
    return cause instanceof RedisCommandExecutionException && code(cause).equals("READONLY");
  }

  /** Returns the first word of an error reply; the whole message if it has no space. */
  static String code(Throwable error) {
    String message = String.valueOf(error.getMessage());
    int space = message.indexOf(' ');
    return space < 0 ? message : message.substring(0, space);
  }

  private static StoreException answered(String code, Throwable cause) {
    if (code.equals("OOM")) {
      return new StoreException(Failure.STORE_FULL, "Redis has no memory for new records", cause);
    }
    if (PASSING.contains(code)) {
      return new StoreException(
          Failure.STORE_UNREACHABLE, "Redis cannot serve now: " + code, cause);
    }
    return new StoreException(Failure.STORE_ERROR, "Redis answered with an error: " + code, cause);
  }
}
