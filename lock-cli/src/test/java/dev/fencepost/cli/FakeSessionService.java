package dev.fencepost.cli;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;

/** The session service on the locks in memory. Answers renewals and releases at once. */
final class FakeSessionService extends SessionServiceGrpc.SessionServiceImplBase {
  private static final int MAX_UNANSWERED = 1_000;

  private final FakeLockService locks;

  FakeSessionService(FakeLockService locks) {
    this.locks = locks;
  }

  @Override
  public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> answers) {
    return new Stream(answers);
  }

  private static SessionResponse welcome() {
    return SessionResponse.newBuilder()
        .setWelcome(
            Welcome.newBuilder()
                .setSessionId("session-1")
                .setServer(GetServerInfoResponse.newBuilder().setReplicaId("replica-1"))
                .setMaxUnanswered(MAX_UNANSWERED)
                .setHeartbeat(Duration.newBuilder().setSeconds(1)))
        .build();
  }

  private final class Stream implements StreamObserver<SessionRequest> {
    private final StreamObserver<SessionResponse> answers;
    private long mark;

    Stream(StreamObserver<SessionResponse> answers) {
      this.answers = answers;
    }

    @Override
    public void onNext(SessionRequest request) {
      if (request.hasHello()) {
        answers.onNext(welcome());
        return;
      }
      mark = Math.max(mark, request.getMark());
      // Every message is answered, because the client treats silence as a broken session.
      SessionResponse.Builder response = SessionResponse.newBuilder();
      request.getOperationsList().forEach(operation -> response.addResults(answer(operation)));
      answers.onNext(response.build());
      if (request.hasGoodbye()) {
        answers.onCompleted();
      }
    }

    private Result answer(Operation operation) {
      Result.Builder result = Result.newBuilder().setId(operation.getId()).setCountsFromMark(mark);
      if (operation.hasRenew()) {
        locks.renew(operation.getRenew(), new Into<RenewResponse>(result::setRenew));
      } else {
        locks.release(operation.getRelease(), new Into<ReleaseResponse>(result::setRelease));
      }
      return result.build();
    }

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }

  /** Receives the answer of a unary call and puts it into a result. */
  private record Into<A>(Consumer<A> sink) implements StreamObserver<A> {
    @Override
    public void onNext(A answer) {
      sink.accept(answer);
    }

    @Override
    public void onError(Throwable cause) {
      throw new IllegalStateException(cause);
    }

    @Override
    public void onCompleted() {}
  }
}
