package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.function.Supplier;

/**
 * Sends the fencing token with each gRPC call, in the header {@code fencepost-token}, and the
 * resource's name in {@code fencepost-resource}; for servers that have a {@link
 * FenceServerInterceptor}, in any language. Needs {@code io.grpc:grpc-api}.
 *
 * <pre>{@code
 * var stub = StockGrpc.newBlockingStub(channel)
 *     .withInterceptors(FenceClientInterceptor.sending("stock/42", lock::token));
 * }</pre>
 *
 * <p>A server's refusal is a {@code FAILED_PRECONDITION} whose cause is a {@link
 * StaleTokenException}. The interceptor itself stops no call: the server does. Immutable and safe
 * for use by many threads.
 */
public final class FenceClientInterceptor implements ClientInterceptor {

  private final String resource;
  private final Supplier<FencingToken> token;

  private FenceClientInterceptor(String resource, Supplier<FencingToken> token) {
    this.resource = resource;
    this.token = token;
  }

  /**
   * Sends the token that the supplier returns when a call starts. An exception of the supplier ends
   * the call.
   *
   * @param resource 1–512 bytes of UTF-8
   * @param token usually a handle's {@code token()}, which returns the same token even after the
   *     lock was lost, since the fence must be the one to refuse it
   */
  public static FenceClientInterceptor sending(String resource, Supplier<FencingToken> token) {
    return new FenceClientInterceptor(new ResourceName(resource).value(), token);
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        FencingToken sent = token.get();
        FenceMetadata.put(headers, resource, sent);
        super.start(explaining(listener, sent), headers);
      }
    };
  }

  private <A> ClientCall.Listener<A> explaining(
      ClientCall.Listener<A> listener, FencingToken sent) {
    return new SimpleForwardingClientCallListener<>(listener) {
      @Override
      public void onClose(Status status, Metadata trailers) {
        super.onClose(explained(status, trailers, sent), trailers);
      }
    };
  }

  private Status explained(Status status, Metadata trailers, FencingToken sent) {
    if (status.getCode() != Status.Code.FAILED_PRECONDITION) {
      return status;
    }
    return FenceMetadata.mark(trailers)
        .map(mark -> status.withCause(new StaleTokenException(resource, sent, mark)))
        .orElse(status);
  }
}
