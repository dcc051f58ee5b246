package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A look at the record of a lock and at its line, at one moment.
 *
 * @param record the record's key
 * @param line the line's key
 */
record LockRead(ByteString record, ByteString line) {

  /**
   * What was seen; each is empty if there is no such key.
   *
   * @param revision of the store at that moment
   * @param term in which etcd's leader was in office at that moment
   */
  record Found(Optional<KeyValue> record, Optional<KeyValue> line, long revision, long term) {}

  static Optional<KeyValue> first(RangeResponse range) {
    return range.getKvsCount() == 0 ? Optional.empty() : Optional.of(range.getKvs(0));
  }

  /** Several looks are one transaction, without nesting. */
  static final class Form implements TxnBatcher.Form<LockRead, Found> {
    @Override
    public ByteString key(LockRead question) {
      return question.record();
    }

    @Override
    public TxnRequest join(List<LockRead> questions) {
      TxnRequest.Builder all = TxnRequest.newBuilder();
      for (LockRead each : questions) {
        all.addSuccess(TxnOps.get(each.record())).addSuccess(TxnOps.get(each.line()));
      }
      return all.build();
    }

    @Override
    public List<Found> split(int questions, EtcdReply<TxnResponse> reply) {
      TxnResponse all = reply.message();
      List<Found> found = new ArrayList<>(questions);
      for (int i = 0; i < questions; i++) {
        found.add(
            new Found(
                first(all.getResponses(2 * i).getResponseRange()),
                first(all.getResponses(2 * i + 1).getResponseRange()),
                all.getHeader().getRevision(),
                all.getHeader().getRaftTerm()));
      }
      return found;
    }
  }
}
