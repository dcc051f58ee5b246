package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdReply;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.List;

/**
 * A transaction on one lock.
 *
 * @param lock the key of the lock
 * @param transaction its comparisons, the writes if they hold, and the reads if they do not
 * @param connection the only connection that may carry it, or {@link
 *     EtcdConnections#ANY_CONNECTION}
 */
public record GuardedTxn(ByteString lock, TxnRequest transaction, long connection) {

  /**
   * The answer to a transaction.
   *
   * @param done true if the comparisons held
   * @param responses of the writes, or of the reads if the comparisons failed
   * @param revision of the store; after a write, the revision that wrote
   * @param connection that carried the answer
   */
  public record Outcome(boolean done, List<ResponseOp> responses, long revision, long connection) {}

  /** Joins several transactions by nesting them in one. */
  public static final class Batching implements TxnBatcher.Batching<GuardedTxn, Outcome> {
    @Override
    public ByteString key(GuardedTxn txn) {
      return txn.lock();
    }

    @Override
    public TxnRequest join(List<GuardedTxn> txns) {
      if (txns.size() == 1) {
        return txns.get(0).transaction();
      }
      TxnRequest.Builder all = TxnRequest.newBuilder();
      for (GuardedTxn each : txns) {
        all.addSuccess(RequestOp.newBuilder().setRequestTxn(each.transaction()));
      }
      return all.build();
    }

    /**
     * Returns the connection that all of them need. If they need different ones, no connection will
     * do: the batch fails, and they are retried one by one.
     */
    @Override
    public long connection(List<GuardedTxn> txns) {
      long only = EtcdConnections.ANY_CONNECTION;
      for (GuardedTxn each : txns) {
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
    public List<Outcome> split(int txns, EtcdReply<TxnResponse> reply) {
      TxnResponse all = reply.message();
      if (txns == 1) {
        return List.of(outcome(all, reply));
      }
      return all.getResponsesList().stream()
          .map(each -> outcome(each.getResponseTxn(), reply))
          .toList();
    }

    private static Outcome outcome(TxnResponse response, EtcdReply<TxnResponse> reply) {
      return new Outcome(
          response.getSucceeded(),
          response.getResponsesList(),
          reply.message().getHeader().getRevision(),
          reply.connection());
    }
  }
}
