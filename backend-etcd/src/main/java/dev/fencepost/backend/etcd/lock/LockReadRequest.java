package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdReply;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A read of a lock's record and replica queue at one moment.
 *
 * @param record the key of the record
 * @param queue the key of the replica queue
 */
public record LockReadRequest(ByteString record, ByteString queue) {

  static LockReadRequest of(EtcdSchema schema, LockName lock) {
    return new LockReadRequest(schema.lock(lock), schema.queue(lock));
  }

  /**
   * The answer to a read. Record and queue are empty if there is no such key.
   *
   * @param revision of the store at that moment
   * @param term of etcd's leader at that moment
   */
  public record Result(
      Optional<KeyValue> record, Optional<KeyValue> queue, long revision, long term) {

    /** Decodes it, see {@link ObservedLock#read}. */
    ObservedLock toLock(LockName lock) {
      return ObservedLock.read(lock, record, queue);
    }
  }

  /** Returns the first key of a range, if the range has one. */
  static Optional<KeyValue> first(RangeResponse range) {
    return range.getKvsCount() == 0 ? Optional.empty() : Optional.of(range.getKvs(0));
  }

  /** Joins several reads in one transaction, without nesting. */
  public static final class Batching implements TxnBatcher.Batching<LockReadRequest, Result> {
    @Override
    public ByteString key(LockReadRequest read) {
      return read.record();
    }

    @Override
    public TxnRequest join(List<LockReadRequest> reads) {
      TxnRequest.Builder all = TxnRequest.newBuilder();
      for (LockReadRequest each : reads) {
        all.addSuccess(TxnOps.get(each.record())).addSuccess(TxnOps.get(each.queue()));
      }
      return all.build();
    }

    @Override
    public List<Result> split(int reads, EtcdReply<TxnResponse> reply) {
      TxnResponse all = reply.message();
      List<Result> results = new ArrayList<>(reads);
      for (int i = 0; i < reads; i++) {
        results.add(
            new Result(
                first(all.getResponses(2 * i).getResponseRange()),
                first(all.getResponses(2 * i + 1).getResponseRange()),
                all.getHeader().getRevision(),
                all.getHeader().getRaftTerm()));
      }
      return results;
    }
  }
}
