package dev.fencepost.backend.etcd.rpc;

import io.grpc.ClientCall;
import java.util.function.BooleanSupplier;

/** The sending half of a stream. Safe for use by many threads. */
public final class StreamSender<Q> {
  private final ClientCall<Q, ?> call;
  private final BooleanSupplier atCurrentMember;
  private final Runnable endLogin;

  StreamSender(ClientCall<Q, ?> call, BooleanSupplier atCurrentMember, Runnable endLogin) {
    this.call = call;
    this.endLogin = endLogin;
    this.atCurrentMember = atCurrentMember;
  }

  public synchronized void send(Q message) {
    call.sendMessage(message);
  }

  /** Allows one more message to arrive. */
  public void requestNext() {
    call.request(1);
  }

  /** True if the stream goes to the member that other calls use. */
  public boolean isAtCurrentMember() {
    return atCurrentMember.getAsBoolean();
  }

  /**
   * Forgets the login of this stream, because etcd reported in the stream that it has ended. The
   * next stream begins with a new login.
   */
  public void endLogin() {
    endLogin.run();
  }

  public void cancel(String why) {
    call.cancel(why, null);
  }
}
