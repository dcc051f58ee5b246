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
 * @param connection the only one over which it may go; {@link Wire#ANY_CONNECTION} if there is none
 */
record Guarded(ByteString lock, TxnRequest transaction, long connection) {

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
  static final class Form implements Batcher.Form<Guarded, Outcome> {
    @Override
    public ByteString key(Guarded question) {
      return question.lock();
    }

    @Override
    public TxnRequest join(List<Guarded> questions) {
      if (questions.size() == 1) {
        return questions.get(0).transaction();
      }
      TxnRequest.Builder all = TxnRequest.newBuilder();
      for (Guarded each : questions) {
        all.addSuccess(RequestOp.newBuilder().setRequestTxn(each.transaction()));
      }
      return all.build();
    }

    /** If they want several, none will do: then they are repeated one by one. */
    @Override
    public long connection(List<Guarded> questions) {
      long only = Wire.ANY_CONNECTION;
      for (Guarded each : questions) {
        if (each.connection() != Wire.ANY_CONNECTION && each.connection() != only) {
          only = only == Wire.ANY_CONNECTION ? each.connection() : Wire.NO_CONNECTION;
        }
      }
      return only;
    }

    @Override
    public List<Outcome> split(int questions, Reply<TxnResponse> reply) {
      TxnResponse all = reply.message();
      if (questions == 1) {
        return List.of(outcome(all, reply));
      }
      return all.getResponsesList().stream()
          .map(each -> outcome(each.getResponseTxn(), reply))
          .toList();
    }

    private static Outcome outcome(TxnResponse mine, Reply<TxnResponse> reply) {
      return new Outcome(
          mine.getSucceeded(),
          mine.getResponsesList(),
          reply.message().getHeader().getRevision(),
          reply.connection());
    }
  }
}
