package dev.fencepost.server.support;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** A session over a real connection. One thread sends. It reads everything or nothing. */
public final class OpenSession extends ClientCall.Listener<SessionResponse> {
  private static final int ALL = 10_000_000;

  private final ClientCall<SessionRequest, SessionResponse> call;
  private final CompletableFuture<Void> welcome = new CompletableFuture<>();
  private final CompletableFuture<Status> end = new CompletableFuture<>();
  private final Map<Long, CompletableFuture<Result>> results = new ConcurrentHashMap<>();
  private long lastOperation;

  private OpenSession(Channel channel) {
    call = channel.newCall(SessionServiceGrpc.getSessionMethod(), CallOptions.DEFAULT);
    call.start(this, new Metadata());
    greetAgain();
  }

  /** Sends a second greeting, which violates the protocol. */
  public void greetAgain() {
    call.sendMessage(
        SessionRequest.newBuilder().setHello(Hello.newBuilder().setOwner("test")).build());
  }

  /** Opens a session whose client reads everything. */
  public static OpenSession on(Channel channel) {
    OpenSession session = new OpenSession(channel);
    session.call.request(ALL);
    return session;
  }

  /** Opens a session whose client reads nothing. */
  public static OpenSession unread(Channel channel) {
    return new OpenSession(channel);
  }

  /** Completes with the greeting. Fails if the session is refused. */
  public CompletableFuture<Void> welcome() {
    return welcome;
  }

  /** Completes with the status of the stream. */
  public CompletableFuture<Status> end() {
    return end;
  }

  /** Requests a lock. */
  public CompletableFuture<Result> acquire(AcquireRequest request) {
    return send(Operation.newBuilder().setAcquire(request));
  }

  /** Requests a lock and ignores the answer. */
  public void requestLock(AcquireRequest request) {
    send(nextId(), Operation.newBuilder().setAcquire(request));
  }

  /** Renews a grant. */
  public CompletableFuture<Result> renew(GrantRef grant) {
    return send(Operation.newBuilder().setRenew(RenewRequest.newBuilder().setGrant(grant)));
  }

  /** Cancels the stream. */
  public void cancel() {
    call.cancel("enough", null);
  }

  private CompletableFuture<Result> send(Operation.Builder operation) {
    CompletableFuture<Result> answer = new CompletableFuture<>();
    long id = nextId();
    results.put(id, answer);
    send(id, operation);
    return answer;
  }

  private long nextId() {
    lastOperation++;
    return lastOperation;
  }

  private void send(long id, Operation.Builder operation) {
    call.sendMessage(SessionRequest.newBuilder().addOperations(operation.setId(id)).build());
  }

  @Override
  public void onMessage(SessionResponse message) {
    if (message.hasWelcome()) {
      welcome.complete(null);
    }
    for (Result result : message.getResultsList()) {
      CompletableFuture<Result> answer = results.remove(result.getId());
      if (answer != null) {
        answer.complete(result);
      }
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    welcome.completeExceptionally(status.asRuntimeException());
    end.complete(status);
    results.values().forEach(each -> each.completeExceptionally(status.asRuntimeException()));
  }
}
