package dev.fencepost.acceptance.sessions;

import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A bare session: says what it is told and keeps what it hears. One thread says. */
final class SessionStream implements StreamObserver<SessionResponse> {
  private final Map<Long, Result> results = new ConcurrentHashMap<>();
  private final StreamObserver<SessionRequest> requests;
  private volatile boolean welcome;
  private volatile boolean ended;
  private long lastOperation;

  SessionStream(Channel channel) {
    requests = SessionServiceGrpc.newStub(channel).session(this);
    requests.onNext(
        SessionRequest.newBuilder().setHello(Hello.newBuilder().setClient("acceptance")).build());
  }

  /** Sends operations in one message. */
  void send(List<Operation.Builder> operations) {
    SessionRequest.Builder message = SessionRequest.newBuilder();
    operations.forEach(operation -> message.addOperations(operation.setId(++lastOperation)));
    requests.onNext(message.build());
  }

  /** Gives a sign of life. */
  void sign() {
    requests.onNext(SessionRequest.getDefaultInstance());
  }

  boolean isWelcome() {
    return welcome;
  }

  boolean isEnded() {
    return ended;
  }

  /** What was answered, by operation. */
  Map<Long, Result> results() {
    return Map.copyOf(results);
  }

  @Override
  public void onNext(SessionResponse message) {
    welcome = welcome || message.hasWelcome();
    message.getResultsList().forEach(result -> results.put(result.getId(), result));
  }

  @Override
  public void onError(Throwable failure) {
    ended = true;
  }

  @Override
  public void onCompleted() {
    ended = true;
  }
}
