package dev.fencepost.server.service.call;

import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import java.util.Set;

/** Methods with which holders keep and give back their locks. */
final class HolderMethods {
  /** Streams that carry all operations of a client. */
  static final String SESSION = SessionServiceGrpc.getSessionMethod().getFullMethodName();

  private static final Set<String> UNARY =
      Set.of(
          LockServiceGrpc.getRenewMethod().getFullMethodName(),
          LockServiceGrpc.getBatchRenewMethod().getFullMethodName(),
          LockServiceGrpc.getReleaseMethod().getFullMethodName());

  private HolderMethods() {}

  /** Returns true for renewals, releases and sessions. */
  static boolean contain(String method) {
    return method.equals(SESSION) || UNARY.contains(method);
  }
}
