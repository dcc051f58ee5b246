package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/**
 * Refuses gRPC calls that come with a stale fencing token, before their handler runs. Needs {@code
 * io.grpc:grpc-api}. Calls need the headers that {@link FenceClientInterceptor} sends.
 *
 * <pre>{@code
 * ServerInterceptors.intercept(new StockService(), FenceServerInterceptor.with(new MemoryFence()))
 * }</pre>
 *
 * <p><b>Closes</b> the way to the handler: even if a caller is paused or its call is delayed, the
 * token is compared when the request is complete, and in a stream with each message. <b>Narrows</b>
 * the rest: the handler itself may be paused, and its own write may come late. If the handler
 * writes to something that has a fence of its own, it closes that window too by passing {@link
 * #token()} on. It may throw that fence's {@link StaleTokenException}, which is answered like this
 * fence's.
 *
 * <p>With a {@link MemoryFence} each server knows only the calls that it has received. If several
 * servers serve one resource, let them share their marks: {@link JdbcFence#marks} or {@link
 * RedisFence#marks}. Those block the thread of the call, so such a server must not use {@code
 * directExecutor()}.
 *
 * <p>A refused call is answered
 *
 * <ul>
 *   <li>{@code FAILED_PRECONDITION}, {@code STALE_TOKEN: …}, with the mark in the trailer {@code
 *       fencepost-mark}, for a stale token;
 *   <li>{@code INVALID_ARGUMENT} for no token, one of 0 or less, no or bad resource;
 *   <li>{@code UNAVAILABLE}, {@code FENCE_UNAVAILABLE: …}, if the marks cannot be asked.
 * </ul>
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class FenceServerInterceptor implements ServerInterceptor {

  private static final Context.Key<FencingToken> TOKEN = Context.key(FenceHeader.TOKEN);

  private final FenceMarks marks;
  private final Predicate<MethodDescriptor<?, ?>> fenced;
  private final BiFunction<MethodDescriptor<?, ?>, Metadata, String> resource;

  private FenceServerInterceptor(
      FenceMarks marks,
      Predicate<MethodDescriptor<?, ?>> fenced,
      BiFunction<MethodDescriptor<?, ?>, Metadata, String> resource) {
    this.marks = marks;
    this.fenced = fenced;
    this.resource = resource;
  }

  /**
   * Fences every method, for the resource that the caller names; a call without token is refused.
   */
  public static FenceServerInterceptor with(FenceMarks marks) {
    return new FenceServerInterceptor(
        marks, method -> true, (method, headers) -> FenceMetadata.resource(headers));
  }

  /** Fences these methods only; the others (reads, for example) pass as they are. */
  public FenceServerInterceptor only(Predicate<MethodDescriptor<?, ?>> methods) {
    return new FenceServerInterceptor(marks, methods, resource);
  }

  /** Lets the server name the resource of a call. The name that the caller sent is ignored. */
  public FenceServerInterceptor resource(BiFunction<MethodDescriptor<?, ?>, Metadata, String> of) {
    return new FenceServerInterceptor(marks, fenced, of);
  }

  /**
   * Returns the token of the current call, from the gRPC context, for the handler's own writes.
   *
   * @throws IllegalStateException outside a fenced call
   */
  public static FencingToken token() {
    FencingToken token = TOKEN.get();
    if (token == null) {
      throw new IllegalStateException("not in a fenced gRPC call");
    }
    return token;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    MethodDescriptor<Q, A> method = call.getMethodDescriptor();
    if (!fenced.test(method)) {
      return next.startCall(call, headers);
    }
    CallFence fence;
    try {
      FencingToken token = FenceMetadata.token(headers);
      fence = new CallFence(marks, resource.apply(method, headers), token);
    } catch (InvalidValueException e) {
      call.close(Status.INVALID_ARGUMENT.withDescription(e.getMessage()), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    // The handler of a single request runs when it is complete, the handler of a stream at once.
    if (!method.getType().clientSendsOneMessage() && !fence.passes(call)) {
      return new ServerCall.Listener<>() {};
    }
    Context context = Context.current().withValue(TOKEN, fence.token());
    RefusableCall<Q, A> refusable = new RefusableCall<>(call);
    return new FencedListener<>(
        Contexts.interceptCall(context, refusable, headers, next), refusable, fence);
  }
}
