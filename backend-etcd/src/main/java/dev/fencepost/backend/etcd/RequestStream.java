package dev.fencepost.backend.etcd;

import io.grpc.ClientCall;
import java.util.function.BooleanSupplier;

/** The sending half of a stream. Safe for use by many threads. */
final class RequestStream<Q> {
  private final ClientCall<Q, ?> call;
  private final BooleanSupplier atPresentMember;
  private final Runnable endLogin;

  RequestStream(ClientCall<Q, ?> call, BooleanSupplier atPresentMember, Runnable endLogin) {
    this.call = call;
    this.endLogin = endLogin;
    this.atPresentMember = atPresentMember;
  }

  synchronized void send(Q message) {
    call.sendMessage(message);
  }

  /** Lets one more answer come in. */
  void askForMore() {
    call.request(1);
  }

  /** Whether it goes to the member that other calls go to. */
  boolean isAtPresentMember() {
    return atPresentMember.getAsBoolean();
  }

  /** etcd said in the stream that its login has ended: the next one begins with another. */
  void endLogin() {
    endLogin.run();
  }

  void cancel(String why) {
    call.cancel(why, null);
  }
}
