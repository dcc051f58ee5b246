package dev.fencepost.backend.redis.connection;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Requests in the moment when the gate closes. */
final class RequestGateTest {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  private final CompletableFuture<String> reply = new CompletableFuture<>();
  private Runnable onRegister = () -> {};

  @Test
  void requestQueuedWhileTheGateCloses_isFailed() {
    RequestGate gate =
        new RequestGate(1, 10, new TimeoutSweeper(CALL_TIMEOUT, this::nanos), () -> {});
    CompletionStage<String> inFlight = gate.submit(new AwaitedRequest());
    // A request registers its timeout after it found the gate open, and before it is queued.
    onRegister = gate::close;

    CompletionStage<String> queued = gate.submit(new AwaitedRequest());

    assertThat(queued.toCompletableFuture())
        .as("a request that no sweep ends after the close")
        .isDone();
    assertThatThrownBy(() -> answer(queued))
        .isInstanceOfSatisfying(
            StoreException.class,
            error -> assertThat(error.failure()).isEqualTo(Failure.STORE_UNREACHABLE));
    reply.complete("PONG");
    assertThat(answer(inFlight)).isEqualTo("PONG");
  }

  private long nanos() {
    onRegister.run();
    return System.nanoTime();
  }

  private final class AwaitedRequest implements RedisRequest<String, String> {
    @Override
    public CompletionStage<String> send(boolean withText) {
      return reply;
    }

    @Override
    public String parse(String text) {
      return text;
    }
  }
}
