package dev.fencepost.benchmarks.jmh;

import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Encodes and decodes the session's messages, with one operation and with many. */
@State(Scope.Benchmark)
public class ProtoJmh extends JmhDefaults {
  private static final Duration TTL = Duration.newBuilder().setSeconds(30).build();

  /** The number of operations in a message. */
  @Param({"1", "32"})
  public int operations;

  private byte[] request = {};
  private byte[] response = {};

  /** Encodes the messages that are decoded. */
  @Setup
  public void encodeBoth() {
    request = encodeRequest();
    response = encodeResponse();
  }

  /** Encodes a client's message. */
  @Benchmark
  public byte[] encodeRequest() {
    SessionRequest.Builder message = SessionRequest.newBuilder().setMark(7);
    for (int i = 0; i < operations; i++) {
      message.addOperations(
          Operation.newBuilder()
              .setId(i + 1)
              .setAcquire(
                  AcquireRequest.newBuilder()
                      .setName("orders/" + i)
                      .setClaimId("AAAAAAAAAAAAAAAAAAAAAA")
                      .setTtl(TTL)
                      .setWait(TTL)
                      .setOwner("host-1:4711/orders")));
    }
    return message.build().toByteArray();
  }

  /** Decodes it at the server. */
  @Benchmark
  public SessionRequest decodeRequest() throws InvalidProtocolBufferException {
    return SessionRequest.parseFrom(request);
  }

  /** Encodes a server's message. */
  @Benchmark
  public byte[] encodeResponse() {
    SessionResponse.Builder message = SessionResponse.newBuilder();
    for (int i = 0; i < operations; i++) {
      message.addResults(
          Result.newBuilder()
              .setId(i + 1)
              .setCountsFromMark(7)
              .setAcquire(
                  AcquireResponse.newBuilder()
                      .setGranted(
                          Grant.newBuilder()
                              .setName("orders/" + i)
                              .setFencingToken(1_700_000_000_000_000_000L + i)
                              .setTtl(TTL)
                              .setValidFor(TTL)
                              .setRenewAfter(TTL))));
    }
    return message.build().toByteArray();
  }

  /** Decodes it at the client. */
  @Benchmark
  public SessionResponse decodeResponse() throws InvalidProtocolBufferException {
    return SessionResponse.parseFrom(response);
  }
}
