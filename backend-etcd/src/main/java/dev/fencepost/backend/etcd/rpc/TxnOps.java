package dev.fencepost.backend.etcd.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.Compare.CompareResult;
import io.etcd.jetcd.api.Compare.CompareTarget;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import java.util.Optional;

/** Builds the parts of transactions. */
public final class TxnOps {
  /** From etcd's own definition; jetcd's lacks them: {@code LEASE = 4}, {@code lease = 8}. */
  private static final int TARGET_LEASE = 4;

  private static final int FIELD_LEASE = 8;

  private TxnOps() {}

  public static RangeRequest range(ByteString key) {
    return RangeRequest.newBuilder().setKey(key).build();
  }

  public static RequestOp get(ByteString key) {
    return RequestOp.newBuilder().setRequestRange(range(key)).build();
  }

  /** Puts a value; lease 0 means no lease. */
  public static RequestOp put(ByteString key, ByteString value, long lease) {
    return RequestOp.newBuilder()
        .setRequestPut(PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease))
        .build();
  }

  public static RequestOp delete(ByteString key) {
    return RequestOp.newBuilder()
        .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(key))
        .build();
  }

  /** Returns the first key of a range, if the range has one. */
  public static Optional<KeyValue> first(RangeResponse range) {
    return range.getKvsCount() == 0 ? Optional.empty() : Optional.of(range.getKvs(0));
  }

  /** True if this revision was the last to write the key; 0: if there is no such key. */
  public static Compare writtenAt(ByteString key, long revision) {
    return Compare.newBuilder()
        .setKey(key)
        .setTarget(CompareTarget.MOD)
        .setResult(CompareResult.EQUAL)
        .setModRevision(revision)
        .build();
  }

  public static Compare hasValue(ByteString key, ByteString value) {
    return Compare.newBuilder()
        .setKey(key)
        .setTarget(CompareTarget.VALUE)
        .setResult(CompareResult.EQUAL)
        .setValue(value)
        .build();
  }

  /** True if the key has a lower value, byte by byte; false if there is no such key. */
  public static Compare isBelow(ByteString key, ByteString value) {
    return hasValue(key, value).toBuilder().setResult(CompareResult.LESS).build();
  }

  /** True if there is no such key, or if it has no lease or one with a lower id. */
  public static Compare leaseBelow(ByteString key, long lease) {
    return Compare.newBuilder()
        .setKey(key)
        .setTargetValue(TARGET_LEASE)
        .setResult(CompareResult.LESS)
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(FIELD_LEASE, UnknownFieldSet.Field.newBuilder().addVarint(lease).build())
                .build())
        .build();
  }
}
