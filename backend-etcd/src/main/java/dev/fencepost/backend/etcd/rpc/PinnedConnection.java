package dev.fencepost.backend.etcd.rpc;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;

/**
 * Restricts a call to one connection. gRPC asks when it has chosen the connection and before it
 * sends anything. A call that would go over another connection fails as {@link
 * EtcdException.Kind#NOT_SENT}.
 */
final class PinnedConnection extends CallCredentials {
  private final long connection;

  PinnedConnection(long connection) {
    this.connection = connection;
  }

  @Override
  public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
    if (EtcdMember.connectionOf(call.getTransportAttrs()) == connection) {
      applier.apply(new Metadata());
    } else {
      applier.fail(Status.UNAVAILABLE.withCause(new Mismatch()));
    }
  }

  /** The reason why a call was not sent. */
  static final class Mismatch extends Exception {
    private static final long serialVersionUID = 1L;

    Mismatch() {
      super("another connection", null, false, false);
    }
  }
}
