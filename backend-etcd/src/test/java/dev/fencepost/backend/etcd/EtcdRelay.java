package dev.fencepost.backend.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.HandlerRegistry;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCredentials;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/**
 * Stands between a backend and an etcd. It forwards all calls, counts the transactions and the
 * requests in them, and holds or refuses transactions on demand. Safe for use by many threads.
 */
public final class EtcdRelay implements AutoCloseable {
  private static final String TXN = KVGrpc.getTxnMethod().getFullMethodName();
  private static final String KEEP_ALIVE = LeaseGrpc.getLeaseKeepAliveMethod().getFullMethodName();
  private static final String REFUSED = "refused by the relay";
  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  private final ManagedChannel etcd;
  private final Server server;
  private final LongAdder transactions = new LongAdder();
  private final LongAdder requests = new LongAdder();
  private final LongAccumulator largest = new LongAccumulator(Math::max, 0);
  private final List<Runnable> held = new ArrayList<>();
  private volatile int largestAccepted = Integer.MAX_VALUE;
  private boolean isHolding;

  /** Listens on a free port for calls to the etcd on this port. */
  public EtcdRelay(int etcdPort) {
    this(etcdPort, InsecureServerCredentials.create());
  }

  /** Listens with these credentials. */
  public EtcdRelay(int etcdPort, ServerCredentials credentials) {
    etcd =
        Grpc.newChannelBuilderForAddress("127.0.0.1", etcdPort, InsecureChannelCredentials.create())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .build();
    try {
      server =
          Grpc.newServerBuilderForPort(0, credentials)
              .fallbackHandlerRegistry(new AllMethods())
              .maxInboundMessageSize(MAX_MESSAGE_BYTES)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the URI of the same store through this relay. */
  public String uri(String prefix) {
    return "etcd://127.0.0.1:" + server.getPort() + "/" + prefix;
  }

  /** Returns the number of transactions that were forwarded. */
  public long transactions() {
    return transactions.sum();
  }

  /** Returns the number of requests in them. */
  public long requests() {
    return requests.sum();
  }

  /** Returns the number of requests in the largest one. */
  public long largest() {
    return largest.get();
  }

  /** Refuses transactions with more requests, as an etcd with a lower limit does. */
  public void refuseBatchesAbove(int most) {
    largestAccepted = most;
  }

  /** Holds transactions and keep-alives that arrive from now on. */
  public synchronized void hold() {
    isHolding = true;
  }

  /** Returns the number of transactions, keep-alives and ends of their streams that are held. */
  public synchronized int heldCount() {
    return held.size();
  }

  /** Forwards what is held, and what arrives from now on. */
  public void resume() {
    List<Runnable> released;
    synchronized (this) {
      isHolding = false;
      released = List.copyOf(held);
      held.clear();
    }
    released.forEach(Runnable::run);
  }

  @Override
  public void close() {
    server.shutdownNow();
    etcd.shutdownNow();
  }

  private void run(Runnable transaction) {
    synchronized (this) {
      if (isHolding) {
        held.add(transaction);
        return;
      }
    }
    transaction.run();
  }

  private static int sizeOf(byte[] message) {
    TxnRequest txn;
    try {
      txn = TxnRequest.parseFrom(message);
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
    int operations = txn.getSuccessCount();
    if (operations > 0 && txn.getSuccess(0).hasRequestTxn()) {
      return operations;
    }
    boolean reads =
        txn.getCompareCount() == 0
            && txn.getSuccessList().stream().allMatch(o -> o.hasRequestRange());
    return reads ? Math.max(1, operations / 2) : 1;
  }

  /** Knows every method, by its name. */
  private final class AllMethods extends HandlerRegistry {
    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
      MethodDescriptor<byte[], byte[]> method =
          MethodDescriptor.newBuilder(new RawMessages(), new RawMessages())
              .setFullMethodName(name)
              .setType(MethodDescriptor.MethodType.UNKNOWN)
              .build();
      return ServerMethodDefinition.create(
          method,
          (call, headers) -> {
            ForwardedCall forwarded = new ForwardedCall(call, name);
            forwarded.start(headers);
            return forwarded;
          });
    }
  }

  /** One call. A transaction is sent when it is complete. */
  private final class ForwardedCall extends ServerCall.Listener<byte[]> {
    private final ServerCall<byte[], byte[]> from;
    private final ClientCall<byte[], byte[]> to;
    private final boolean isTxn;
    private final boolean isKeepAlive;

    /** The request of a transaction. etcd would answer it without the end of the call. */
    private byte[] txn = {};

    ForwardedCall(ServerCall<byte[], byte[]> from, String method) {
      this.from = from;
      this.to = etcd.newCall(from.getMethodDescriptor(), CallOptions.DEFAULT);
      this.isTxn = method.equals(TXN);
      this.isKeepAlive = method.equals(KEEP_ALIVE);
    }

    void start(Metadata headers) {
      to.start(new Answers(from), headers);
      from.request(Integer.MAX_VALUE);
      to.request(Integer.MAX_VALUE);
    }

    @Override
    public void onMessage(byte[] message) {
      if (isTxn) {
        txn = message;
      } else if (isKeepAlive) {
        EtcdRelay.this.run(() -> to.sendMessage(message));
      } else {
        to.sendMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (isKeepAlive) {
        EtcdRelay.this.run(to::halfClose);
        return;
      }
      if (!isTxn) {
        to.halfClose();
        return;
      }
      int size = sizeOf(txn);
      if (size > largestAccepted) {
        to.cancel(REFUSED, Status.INVALID_ARGUMENT.asException());
        return;
      }
      transactions.increment();
      requests.add(size);
      largest.accumulate(size);
      run(
          () -> {
            to.sendMessage(txn);
            to.halfClose();
          });
    }

    @Override
    public void onCancel() {
      to.cancel("cancelled", null);
    }
  }

  /** Passes answers back. */
  private static final class Answers extends ClientCall.Listener<byte[]> {
    private final ServerCall<byte[], byte[]> to;

    Answers(ServerCall<byte[], byte[]> to) {
      this.to = to;
    }

    @Override
    public void onHeaders(Metadata headers) {
      to.sendHeaders(headers);
    }

    @Override
    public void onMessage(byte[] message) {
      to.sendMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      boolean isRefused = status.getCause() != null && REFUSED.equals(status.getDescription());
      to.close(
          isRefused
              ? Status.INVALID_ARGUMENT.withDescription(
                  "etcdserver: too many operations in txn request")
              : status,
          trailers);
    }
  }

  /** Leaves messages as they are. */
  private static final class RawMessages implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
