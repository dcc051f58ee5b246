package dev.fencepost.benchmarks.process;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockServiceGrpc.LockServiceImplBase;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc.SessionServiceImplBase;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server that speaks Fencepost's messages and grants every request at once: the messages without
 * the lock. Prints the port that it listens on.
 */
public final class EchoMain {
  private static final Duration VALID = Duration.newBuilder().setSeconds(30).build();
  private static final AtomicLong TOKENS = new AtomicLong(1_000_000_000_000_000_000L);

  private EchoMain() {}

  /** Runs until it is killed. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .addService(new UnaryEcho())
            .addService(new StreamEcho())
            .build()
            .start();
    System.out.println("port " + server.getPort());
    server.awaitTermination();
  }

  private static AcquireResponse grant(AcquireRequest request) {
    return AcquireResponse.newBuilder()
        .setGranted(
            Grant.newBuilder()
                .setName(request.getName())
                .setFencingToken(TOKENS.incrementAndGet())
                .setTtl(request.getTtl())
                .setValidFor(VALID)
                .setRenewAfter(VALID))
        .build();
  }

  private static ReleaseResponse released() {
    return ReleaseResponse.newBuilder().setOutcome(ReleaseOutcome.RELEASE_OUTCOME_RELEASED).build();
  }

  private static final class UnaryEcho extends LockServiceImplBase {
    @Override
    public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> answer) {
      answer.onNext(grant(request));
      answer.onCompleted();
    }

    @Override
    public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> answer) {
      answer.onNext(released());
      answer.onCompleted();
    }
  }

  private static final class StreamEcho extends SessionServiceImplBase {
    @Override
    public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> answers) {
      return new StreamObserver<>() {
        @Override
        public void onNext(SessionRequest message) {
          if (message.getOperationsCount() > 0) {
            answers.onNext(answer(message));
          }
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          answers.onCompleted();
        }
      };
    }

    private static SessionResponse answer(SessionRequest message) {
      SessionResponse.Builder answer = SessionResponse.newBuilder();
      for (Operation operation : message.getOperationsList()) {
        Result.Builder result =
            answer.addResultsBuilder().setId(operation.getId()).setCountsFromMark(1);
        if (operation.hasAcquire()) {
          result.setAcquire(grant(operation.getAcquire()));
        } else {
          result.setRelease(released());
        }
      }
      return answer.build();
    }
  }
}
