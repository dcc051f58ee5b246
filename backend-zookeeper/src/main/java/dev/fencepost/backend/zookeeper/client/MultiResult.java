package dev.fencepost.backend.zookeeper.client;

import java.util.List;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * The ensemble's answer to a transaction: executed, or refused as a whole because of one operation.
 *
 * @param results one for each operation if the transaction was executed
 * @param refusedAt index of the operation that failed, or -1
 * @param reason error code of that operation
 */
public record MultiResult(List<OpResult> results, int refusedAt, Code reason) {

  static MultiResult of(List<OpResult> results) {
    for (int i = 0; i < results.size(); i++) {
      Code code = codeOf(results.get(i));
      if (code != Code.OK && code != Code.RUNTIMEINCONSISTENCY) {
        return new MultiResult(List.of(), i, code);
      }
    }
    return new MultiResult(results, -1, Code.OK);
  }

  public boolean isRefused() {
    return refusedAt >= 0;
  }

  /** Returns the stat of a node after a {@code setData}. */
  public Stat stat(int operation) {
    return stat(results, operation);
  }

  public static Stat stat(List<OpResult> results, int operation) {
    return ((OpResult.SetDataResult) results.get(operation)).getStat();
  }

  /** Returns the full path of a created node. */
  public static String created(List<OpResult> results, int operation) {
    return ((OpResult.CreateResult) results.get(operation)).getPath();
  }

  public static Code codeOf(OpResult result) {
    return result instanceof OpResult.ErrorResult error ? Code.get(error.getErr()) : Code.OK;
  }
}
