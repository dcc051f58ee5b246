package dev.fencepost.backend.etcd;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;

/**
 * Lets a call go over one connection only. gRPC asks it when it has chosen the connection, before
 * anything is sent; a call that would go over another one fails as {@link
 * EtcdException.Kind#NOT_SENT}.
 */
final class PinnedConnection extends CallCredentials {
  private final long wanted;

  PinnedConnection(long wanted) {
    this.wanted = wanted;
  }

  @Override
  public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
    if (EtcdMember.connectionOf(call.getTransportAttrs()) == wanted) {
      applier.apply(new Metadata());
    } else {
      applier.fail(Status.UNAVAILABLE.withCause(new Mismatch()));
    }
  }

  /** Marks that a call was not sent, for this reason. */
  static final class Mismatch extends Exception {
    private static final long serialVersionUID = 1L;

    Mismatch() {
      super("another connection", null, false, false);
    }
  }
}
