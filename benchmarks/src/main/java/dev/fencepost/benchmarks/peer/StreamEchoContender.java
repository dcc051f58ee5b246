package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
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

/** The session's messages with one operation in each. Measures the capacity of the stream alone. */
public final class StreamEchoContender implements Contender {
  private final ManagedChannel channel;
  private final Duration ttl;
  private final Map<Long, CompletableFuture<Result>> inFlight = new ConcurrentHashMap<>();
  private final StreamObserver<SessionRequest> requests;
  private long lastOperation;

  /** Opens the stream. */
  public StreamEchoContender(ContenderSettings settings) {
    this(LoopbackChannels.open(settings.servers().get(0)), settings.lease());
  }

  /** Opens the stream on a channel, which is closed with it. */
  public StreamEchoContender(ManagedChannel channel, Duration ttl) {
    this.channel = channel;
    this.ttl = ttl;
    requests = SessionServiceGrpc.newStub(channel).session(new ResponseObserver());
    requests.onNext(
        SessionRequest.newBuilder().setHello(Hello.newBuilder().setClient("echo")).build());
  }

  @Override
  public TakenLock acquire(String lock) {
    AcquireRequest request = StubMessages.acquire(lock, ttl, Duration.ZERO);
    Result result = send(Operation.newBuilder().setAcquire(request));
    GrantRef grant = StubMessages.readGrant(request, result.getAcquire()).orElseThrow();
    return () ->
        StubMessages.requireReleased(
            send(Operation.newBuilder().setRelease(StubMessages.release(grant))).getRelease());
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    return Optional.of(acquire(lock));
  }

  @Override
  public void close() {
    LoopbackChannels.close(List.of(channel));
  }

  private Result send(Operation.Builder operation) {
    CompletableFuture<Result> answer = new CompletableFuture<>();
    synchronized (requests) {
      long id = ++lastOperation;
      inFlight.put(id, answer);
      requests.onNext(
          SessionRequest.newBuilder().addOperations(operation.setId(id)).setMark(id).build());
    }
    return answer.join();
  }

  private final class ResponseObserver implements StreamObserver<SessionResponse> {
    @Override
    public void onNext(SessionResponse message) {
      for (Result result : message.getResultsList()) {
        CompletableFuture<Result> answer = inFlight.remove(result.getId());
        if (answer != null) {
          answer.complete(result);
        }
      }
    }

    @Override
    public void onError(Throwable failure) {
      inFlight.values().forEach(answer -> answer.completeExceptionally(failure));
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException());
    }
  }
}
