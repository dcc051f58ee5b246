package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Marks in Redis. A check blocks until Redis replies. */
final class RedisMarks implements FenceMarks {

  private final RedisFence fence;
  private final Duration timeout;

  RedisMarks(RedisFence fence, Duration timeout) {
    this.fence = fence;
    this.timeout = timeout;
  }

  @Override
  public void check(String resource, FencingToken token) {
    String name = new ResourceName(resource).value();
    try {
      fence.pass(name, token).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StaleTokenException stale) {
        throw stale;
      }
      throw unknown(name, e);
    } catch (TimeoutException e) {
      throw unknown(name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unknown(name, e);
    }
  }

  private static FenceUnavailableException unknown(String resource, Exception cause) {
    return new FenceUnavailableException("the mark of \"" + resource + "\" is unknown", cause);
  }
}
