package dev.fencepost.cli.remote;

import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.Iterator;
import java.util.List;

/** Watches named locks through the server's watch stream. */
public final class NameWatch implements ChangeSource {
  private final ServerPool servers;
  private final WatchLocksRequest request;

  public NameWatch(ServerPool servers, List<LockName> names) {
    this.servers = servers;
    this.request =
        WatchLocksRequest.newBuilder()
            .addAllNames(names.stream().map(LockName::value).toList())
            .build();
  }

  @Override
  public void follow(Receiver receiver) throws InterruptedException {
    try {
      Iterator<WatchLocksResponse> answers =
          ClientCalls.blockingServerStreamingCall(
              servers.channel(),
              LockServiceGrpc.getWatchLocksMethod(),
              CallOptions.DEFAULT,
              request);
      while (answers.hasNext()) {
        WatchLocksResponse answer = answers.next();
        receiver.onConnected();
        answer.getChangesList().forEach(receiver::onChange);
      }
    } catch (StatusRuntimeException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException(e.getMessage());
      }
      throw servers.failure(servers.current(), e.getStatus());
    }
    throw new CallException(
        servers.current(), Status.UNAVAILABLE.withDescription("the watch was ended"));
  }
}
