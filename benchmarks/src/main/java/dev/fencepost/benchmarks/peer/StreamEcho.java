package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The session's messages, one operation in each, as they come: what the stream alone can carry. */
public final class StreamEcho implements Contender {
  private final ManagedChannel channel;
  private final Duration ttl;
  private final Map<Long, CompletableFuture<Result>> unanswered = new ConcurrentHashMap<>();
  private final StreamObserver<SessionRequest> requests;
  private long lastOperation;

  /** Opens the stream. */
  public StreamEcho(Settings settings) {
    this(Channels.open(settings.servers().get(0)), settings.lease());
  }

  /** Opens the stream on a channel, which is closed with it. */
  public StreamEcho(ManagedChannel channel, Duration ttl) {
    this.channel = channel;
    this.ttl = ttl;
    requests = SessionServiceGrpc.newStub(channel).session(new Answers());
    requests.onNext(
        SessionRequest.newBuilder().setHello(Hello.newBuilder().setClient("echo")).build());
  }

  @Override
  public Held acquire(String lock) {
    AcquireRequest request = Wire.acquire(lock, ttl, Duration.ZERO);
    GrantRef grant =
        Wire.granted(request, send(Operation.newBuilder().setAcquire(request)).getAcquire())
            .orElseThrow();
    return () ->
        Wire.requireReleased(
            send(Operation.newBuilder().setRelease(Wire.release(grant))).getRelease());
  }

  @Override
  public Optional<Held> tryAcquire(String lock) {
    return Optional.of(acquire(lock));
  }

  @Override
  public void close() {
    Channels.close(List.of(channel));
  }

  private Result send(Operation.Builder operation) {
    CompletableFuture<Result> answer = new CompletableFuture<>();
    synchronized (requests) {
      long id = ++lastOperation;
      unanswered.put(id, answer);
      requests.onNext(
          SessionRequest.newBuilder().addOperations(operation.setId(id)).setMark(id).build());
    }
    return answer.join();
  }

  private final class Answers implements StreamObserver<SessionResponse> {
    @Override
    public void onNext(SessionResponse message) {
      for (Result result : message.getResultsList()) {
        CompletableFuture<Result> answer = unanswered.remove(result.getId());
        if (answer != null) {
          answer.complete(result);
        }
      }
    }

    @Override
    public void onError(Throwable failure) {
      unanswered.values().forEach(answer -> answer.completeExceptionally(failure));
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException());
    }
  }
}
