package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.List;

/**
 * A transaction about one lock.
 *
 * @param lock the lock's key
 * @param transaction what is to be compared, done and else read
 * @param connection the only one over which it may go; {@link EtcdConnections#ANY_CONNECTION} if
 *     there is none
 */
record GuardedTxn(ByteString lock, TxnRequest transaction, long connection) {

  /**
   * What came of it.
   *
   * @param done whether the comparisons held
   * @param responses to what was done, or else read
   * @param revision of the store; if anything was written, the one that wrote it
   * @param connection over which the answer came
   */
  record Outcome(boolean done, List<ResponseOp> responses, long revision, long connection) {}

  /** Several travel as transactions nested in one. */
  static final class Form implements TxnBatcher.Form<GuardedTxn, Outcome> {
    @Override
    public ByteString key(GuardedTxn question) {
      return question.lock();
    }

    @Override
    public TxnRequest join(List<GuardedTxn> questions) {
      if (questions.size() == 1) {
        return questions.get(0).transaction();
      }
      TxnRequest.Builder all = TxnRequest.newBuilder();
      for (GuardedTxn each : questions) {
        all.addSuccess(RequestOp.newBuilder().setRequestTxn(each.transaction()));
      }
      return all.build();
    }

    /** If they want several, none will do: then they are repeated one by one. */
    @Override
    public long connection(List<GuardedTxn> questions) {
      long only = EtcdConnections.ANY_CONNECTION;
      for (GuardedTxn each : questions) {
        if (each.connection() != EtcdConnections.ANY_CONNECTION && each.connection() != only) {
          only =
              only == EtcdConnections.ANY_CONNECTION
                  ? each.connection()
                  : EtcdConnections.NO_CONNECTION;
        }
      }
      return only;
    }

    @Override
    public List<Outcome> split(int questions, EtcdReply<TxnResponse> reply) {
      TxnResponse all = reply.message();
      if (questions == 1) {
        return List.of(outcome(all, reply));
      }
      return all.getResponsesList().stream()
          .map(each -> outcome(each.getResponseTxn(), reply))
          .toList();
    }

    private static Outcome outcome(TxnResponse mine, EtcdReply<TxnResponse> reply) {
      return new Outcome(
          mine.getSucceeded(),
          mine.getResponsesList(),
          reply.message().getHeader().getRevision(),
          reply.connection());
    }
  }
}
