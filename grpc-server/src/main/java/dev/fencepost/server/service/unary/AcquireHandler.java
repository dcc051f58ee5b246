package dev.fencepost.server.service.unary;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.PendingAcquire;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.grant.GrantAccess;
import dev.fencepost.server.service.grant.GrantAudit;
import dev.fencepost.server.service.grant.GrantClient;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.wire.HolderRedaction;
import dev.fencepost.server.service.wire.RequestReader;
import dev.fencepost.server.service.wire.RequestReader.Caller;
import dev.fencepost.server.service.wire.ResponseMapper;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Starts acquires of unary calls, and removes them from the queue when their callers leave. A
 * waiting call uses no thread.
 */
final class AcquireHandler {
  /** A response that is sent this long before the deadline still arrives. */
  private static final Duration RESPONSE_TIME = Duration.ofMillis(250);

  private final LockCoordinator coordinator;
  private final ServiceContext context;
  private final RequestReader requests;
  private final CallResponder responder;
  private final HeldGrants grants;
  private final GrantAccess allowedGrants;
  private final GrantAudit audit;

  AcquireHandler(
      LockCoordinator coordinator,
      ServiceContext context,
      CallResponder responder,
      HeldGrants grants) {
    this.coordinator = coordinator;
    this.context = context;
    this.requests = new RequestReader(context.policy());
    this.responder = responder;
    this.grants = grants;
    this.allowedGrants = new GrantAccess(context.policy().maxTtl());
    this.audit = new GrantAudit(context.audit());
  }

  void start(AcquireRequest request, ServerCallStreamObserver<AcquireResponse> observer) {
    long arrived = context.timers().nanoTime();
    String client = CallerIdentity.current().client();
    CallAccess access = CallAccess.current();
    PendingAcquire call;
    try {
      ByteCharge.current()
          .add(ByteCharge.ofWaiter(request.getSerializedSize(), request.getMetadataCount()));
      AcquireCommand command = requests.acquire(request, caller(client, access));
      allowedGrants.requireAcquire(access, command.claim().lock());
      grants.requireRoom(client, command.claim());
      call = coordinator.acquire(command);
    } catch (RuntimeException e) {
      responder.refuse(observer, e);
      return;
    }
    AtomicBoolean open = new AtomicBoolean(true);
    // Also prevents a late onNext from throwing. The grant then remains, and a retry finds it.
    observer.setOnCancelHandler(
        () -> {
          call.leave();
          if (open.getAndSet(false)) {
            context.metrics().recordAbandonedAcquire(since(arrived));
          }
        });
    access.onChange(() -> withdrawIfForbidden(access, request.getName(), call, open, observer));
    withdrawIfForbidden(access, request.getName(), call, open, observer);
    call.answer()
        .whenComplete(
            (answer, failure) -> {
              if (answer instanceof AcquireAnswer.Granted granted) {
                audit.recordGrant(access, client, granted.grant());
                grants.record(
                    granted.grant(), GrantClient.ofUnaryCall(client), context.timers().nanoTime());
              }
              if (failure != null) {
                allowedGrants.recordFailure(access, call.lock(), failure);
              }
              if (open.getAndSet(false)) {
                count(answer, failure, since(arrived));
                respond(
                    observer,
                    access.allows(AccessOperation.INSPECT, request.getName()),
                    answer,
                    failure);
              }
            });
  }

  /** Answers a waiting call whose right was withdrawn. A grant on its way stands. */
  private void withdrawIfForbidden(
      CallAccess access,
      String name,
      PendingAcquire call,
      AtomicBoolean open,
      ServerCallStreamObserver<AcquireResponse> observer) {
    if (!access.allows(AccessOperation.ACQUIRE, name) && open.getAndSet(false)) {
      call.leave();
      responder.refuse(observer, access.refusal(AccessOperation.ACQUIRE.word(), name));
    }
  }

  private Caller caller(String client, CallAccess access) {
    Duration longest = longestWait(Context.current().getDeadline(), context.policy().maxWait());
    return new Caller(
        access.claimant(), client, longest, () -> AcquireCommand.NO_MARK, access::isMaker);
  }

  /**
   * Returns the time that the deadline leaves for waiting; without a deadline, the longest wait.
   */
  static Duration longestWait(@Nullable Deadline deadline, Duration maxWait) {
    if (deadline == null) {
      return maxWait;
    }
    Duration left =
        Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(RESPONSE_TIME);
    return left.isNegative() ? Duration.ZERO : left;
  }

  private Duration since(long nanos) {
    return Duration.ofNanos(context.timers().nanoTime() - nanos);
  }

  private void count(@Nullable AcquireAnswer answer, @Nullable Throwable failure, Duration time) {
    if (failure == null && answer != null) {
      context.metrics().recordAcquire(answer, time);
    } else {
      context.metrics().recordAcquireFailure(time);
    }
  }

  private void respond(
      ServerCallStreamObserver<AcquireResponse> observer,
      boolean mayInspect,
      @Nullable AcquireAnswer answer,
      @Nullable Throwable failure) {
    if (failure != null) {
      responder.refuse(observer, failure);
    } else if (answer != null) {
      AcquireResponse response = ResponseMapper.answer(answer);
      responder.send(observer, mayInspect ? response : HolderRedaction.of(response));
    }
  }
}
