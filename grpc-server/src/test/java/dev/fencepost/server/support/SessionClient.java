package dev.fencepost.server.support;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A client of the session stream that sends and reads only on request of a test. */
public final class SessionClient extends ClientCall.Listener<SessionResponse> {
  private static final int ALL = 1_000_000;

  public final List<SessionResponse> messages = new ArrayList<>();
  public final ClientCall<SessionRequest, SessionResponse> call;
  public Optional<Status> end = Optional.empty();
  private long lastOperation;

  private SessionClient(Channel channel) {
    call = channel.newCall(SessionServiceGrpc.getSessionMethod(), CallOptions.DEFAULT);
    call.start(this, new Metadata());
  }

  /** Opens a stream that has sent nothing and reads nothing. */
  public static SessionClient silent(Channel channel) {
    return new SessionClient(channel);
  }

  /** Opens a session that reads everything. */
  public static SessionClient open(Channel channel) {
    SessionClient client = new SessionClient(channel);
    client.call.request(ALL);
    client.greet(Hello.newBuilder().setClient("test").setOwner("host:1/app").build());
    return client;
  }

  public void greet(Hello hello) {
    call.sendMessage(SessionRequest.newBuilder().setHello(hello).build());
  }

  public void mark(long mark) {
    call.sendMessage(SessionRequest.newBuilder().setMark(mark).build());
  }

  public long acquire(AcquireRequest request) {
    return send(Operation.newBuilder().setAcquire(request));
  }

  public long renew(GrantRef grant) {
    return send(Operation.newBuilder().setRenew(RenewRequest.newBuilder().setGrant(grant)));
  }

  public long release(GrantRef grant) {
    return send(releasing(grant));
  }

  public static Operation.Builder releasing(GrantRef grant) {
    return Operation.newBuilder()
        .setRelease(
            ReleaseRequest.newBuilder()
                .setName(grant.getName())
                .setClaimId(grant.getClaimId())
                .setFencingToken(grant.getFencingToken()));
  }

  /** Sends operations in one message and returns the id of the last. */
  public long send(Operation.Builder... operations) {
    SessionRequest.Builder message = SessionRequest.newBuilder();
    for (Operation.Builder operation : operations) {
      message.addOperations(operation.setId(++lastOperation));
    }
    call.sendMessage(message.build());
    return lastOperation;
  }

  public List<Result> results() {
    return messages.stream().flatMap(message -> message.getResultsList().stream()).toList();
  }

  public List<Notice> notices() {
    return messages.stream().flatMap(message -> message.getNoticesList().stream()).toList();
  }

  /** Returns the result of the operation. There must be exactly one. */
  public Result result(long id) {
    List<Result> found = results().stream().filter(result -> result.getId() == id).toList();
    if (found.size() != 1) {
      throw new AssertionError(found.size() + " results of operation " + id + ": " + messages);
    }
    return found.get(0);
  }

  public boolean isAnswered(long id) {
    return results().stream().anyMatch(result -> result.getId() == id);
  }

  @Override
  public void onMessage(SessionResponse message) {
    messages.add(message);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end = Optional.of(status);
  }
}
