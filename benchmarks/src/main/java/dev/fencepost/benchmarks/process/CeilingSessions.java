package dev.fencepost.benchmarks.process;

import com.google.protobuf.Duration;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Limits;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc.SessionServiceImplBase;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Sessions that pass acquire and release to the backend and answer as the store answers. */
final class CeilingSessions extends SessionServiceImplBase {
  private static final int MAX_UNANSWERED = 100_000;
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  private final CeilingLocks locks;
  private final Supplier<Executor> transport;

  CeilingSessions(CeilingLocks locks, Supplier<Executor> transport) {
    this.locks = locks;
    this.transport = transport;
  }

  @Override
  public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> answers) {
    return new CeilingSession(answers);
  }

  /** One session. */
  private final class CeilingSession implements StreamObserver<SessionRequest> {
    private final StreamObserver<SessionResponse> answers;
    private final Queue<Result> results = new ConcurrentLinkedQueue<>();

    /** Requests to write; the thread that raises it from 0 writes for all. */
    private final AtomicInteger writeRequests = new AtomicInteger();

    private final Executor writer = transport.get();

    CeilingSession(StreamObserver<SessionResponse> answers) {
      this.answers = answers;
    }

    @Override
    public void onNext(SessionRequest message) {
      if (message.hasHello()) {
        answers.onNext(welcome());
        return;
      }
      boolean isWriter = writeRequests.getAndIncrement() == 0;
      for (Operation operation : message.getOperationsList()) {
        begin(operation, message.getMark());
      }
      if (isWriter) {
        write();
      }
      if (message.hasGoodbye()) {
        answers.onCompleted();
      }
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }

    private void begin(Operation operation, long mark) {
      Result.Builder result = Result.newBuilder().setId(operation.getId());
      if (operation.hasAcquire()) {
        answerWhen(
            result.setCountsFromMark(mark),
            locks
                .acquire(toClaim(operation.getAcquire()), isWaiting(operation.getAcquire()))
                .thenAccept(grant -> result.setAcquire(toResponse(grant))));
      } else {
        answerWhen(
            result,
            locks
                .release(toGrantRef(operation.getRelease()))
                .thenAccept(
                    ended ->
                        result.setRelease(
                            ReleaseResponse.newBuilder()
                                .setOutcome(ReleaseOutcome.RELEASE_OUTCOME_RELEASED))));
      }
    }

    private void answerWhen(Result.Builder result, CompletionStage<Void> whenSet) {
      whenSet.whenComplete(
          (nothing, failure) -> {
            if (failure != null) {
              result.setFailure(
                  Failure.newBuilder()
                      .setCode(Status.Code.INTERNAL.value())
                      .setMessage(failure.toString()));
            }
            results.add(result.build());
            if (writeRequests.getAndIncrement() == 0) {
              writer.execute(this::write);
            }
          });
    }

    /** Writes all results, including those that arrive meanwhile. Only one thread writes. */
    private void write() {
      int served;
      do {
        served = writeRequests.get();
        SessionResponse.Builder message = SessionResponse.newBuilder();
        for (Result next = results.poll(); next != null; next = results.poll()) {
          message.addResults(next);
        }
        if (message.getResultsCount() > 0) {
          answers.onNext(message.build());
        }
      } while (writeRequests.addAndGet(-served) != 0);
    }
  }

  private static SessionResponse welcome() {
    return SessionResponse.newBuilder()
        .setWelcome(
            Welcome.newBuilder()
                .setSessionId("ceiling")
                .setServer(
                    GetServerInfoResponse.newBuilder()
                        .setReplicaId("ceiling")
                        .setLimits(Limits.newBuilder().setMaxMessageBytes(MAX_MESSAGE_BYTES)))
                .setMaxUnanswered(MAX_UNANSWERED)
                // No session expires here, and no heartbeats are sent.
                .setHeartbeat(Duration.newBuilder().setSeconds(3600)))
        .build();
  }

  private static boolean isWaiting(AcquireRequest request) {
    return request.getWait().getSeconds() + request.getWait().getNanos() > 0;
  }

  private static AcquireResponse toResponse(Optional<dev.fencepost.lock.Grant> granted) {
    return granted
        .map(grant -> AcquireResponse.newBuilder().setGranted(toProto(grant)))
        .orElseGet(
            () ->
                AcquireResponse.newBuilder()
                    .setNotGranted(
                        NotGranted.newBuilder()
                            .setReason(NotGrantedReason.NOT_GRANTED_REASON_BUSY)))
        .build();
  }

  private static Claim toClaim(AcquireRequest request) {
    return new Claim(
        new LockName(request.getName()),
        new ClaimId(request.getClaimId()),
        Lease.of(java.time.Duration.ofSeconds(request.getTtl().getSeconds())),
        Claimant.named(request.getOwner()));
  }

  private static GrantRef toGrantRef(ReleaseRequest request) {
    return new GrantRef(
        new LockName(request.getName()),
        new ClaimId(request.getClaimId()),
        new FencingToken(request.getFencingToken()));
  }

  private static Grant toProto(dev.fencepost.lock.Grant grant) {
    return Grant.newBuilder()
        .setName(grant.ref().lock().value())
        .setFencingToken(grant.token().value())
        .setTtl(toProto(grant.lease().ttl()))
        .setValidFor(toProto(grant.lease().validFor()))
        .setRenewAfter(toProto(grant.lease().renewAfter()))
        .build();
  }

  private static Duration toProto(java.time.Duration time) {
    return Duration.newBuilder().setSeconds(time.getSeconds()).setNanos(time.getNano()).build();
  }
}
