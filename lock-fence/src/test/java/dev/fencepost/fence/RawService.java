package dev.fencepost.fence;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A gRPC service of texts: {@code resource=value} is written into a map. */
public class RawService implements BindableService {

  /** One write. */
  public static final MethodDescriptor<String, String> PUT = method("Put", MethodType.UNARY);

  /** A stream of writes. The received messages are in {@link #received}. */
  static final MethodDescriptor<String, String> STREAM =
      method("Stream", MethodType.BIDI_STREAMING);

  /** A read, which is never fenced. */
  static final MethodDescriptor<String, String> READ = method("Read", MethodType.UNARY);

  final Map<String, String> contents = new ConcurrentHashMap<>();
  final List<String> received = new CopyOnWriteArrayList<>();

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder("test.Raw")
        .addMethod(PUT, ServerCalls.asyncUnaryCall(this::put))
        .addMethod(READ, ServerCalls.asyncUnaryCall(this::read))
        .addMethod(STREAM, ServerCalls.asyncBidiStreamingCall(this::stream))
        .build();
  }

  /** Executes a write. Tests override it. */
  void store(String resource, String value) {
    contents.put(resource, value);
  }

  private void put(String message, StreamObserver<String> answer) {
    String[] parts = message.split("=", 2);
    store(parts[0], parts[1]);
    answer.onNext("done");
    answer.onCompleted();
  }

  private void read(String message, StreamObserver<String> answer) {
    answer.onNext(contents.getOrDefault(message, ""));
    answer.onCompleted();
  }

  private StreamObserver<String> stream(StreamObserver<String> answers) {
    return new StreamObserver<>() {
      @Override
      public void onNext(String message) {
        received.add(message);
        answers.onNext("got " + message);
      }

      @Override
      public void onError(Throwable failure) {
        received.add("error " + Status.fromThrowable(failure).getCode());
      }

      @Override
      public void onCompleted() {
        received.add("end");
        answers.onCompleted();
      }
    };
  }

  private static MethodDescriptor<String, String> method(String name, MethodType type) {
    return MethodDescriptor.<String, String>newBuilder()
        .setType(type)
        .setFullMethodName("test.Raw/" + name)
        .setRequestMarshaller(new Text())
        .setResponseMarshaller(new Text())
        .build();
  }

  private static final class Text implements MethodDescriptor.Marshaller<String> {

    @Override
    public InputStream stream(String value) {
      return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String parse(InputStream stream) {
      try {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
