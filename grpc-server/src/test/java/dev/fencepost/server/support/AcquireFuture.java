package dev.fencepost.server.support;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;

/** An acquire in flight. Cancelling the future cancels the call. */
public final class AcquireFuture extends CompletableFuture<AcquireResponse> {
  private final ClientCall<AcquireRequest, AcquireResponse> call;

  private AcquireFuture(ClientCall<AcquireRequest, AcquireResponse> call) {
    this.call = call;
  }

  /** Sends the request. */
  public static AcquireFuture start(Channel channel, AcquireRequest request) {
    return start(channel, request, CallOptions.DEFAULT);
  }

  /** Sends the request with call options, such as a deadline. */
  public static AcquireFuture start(Channel channel, AcquireRequest request, CallOptions options) {
    AcquireFuture pending =
        new AcquireFuture(channel.newCall(LockServiceGrpc.getAcquireMethod(), options));
    pending.call.start(pending.listener(), new Metadata());
    pending.call.sendMessage(request);
    pending.call.halfClose();
    pending.call.request(2);
    return pending;
  }

  @Override
  public boolean cancel(boolean interrupt) {
    call.cancel("the test wants it", null);
    return super.cancel(interrupt);
  }

  private ClientCall.Listener<AcquireResponse> listener() {
    return new ClientCall.Listener<>() {
      @Override
      public void onMessage(AcquireResponse response) {
        complete(response);
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        completeExceptionally(status.asRuntimeException(trailers));
      }
    };
  }
}
