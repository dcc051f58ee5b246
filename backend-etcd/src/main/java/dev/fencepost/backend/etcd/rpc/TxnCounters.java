package dev.fencepost.backend.etcd.rpc;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Counts transactions and the requests in them. Safe for use by many threads. */
public final class TxnCounters {
  private final LongAdder transactions = new LongAdder();
  private final LongAdder requests = new LongAdder();
  private final LongAccumulator largest = new LongAccumulator(Math::max, 0);

  void recordBatch(int batch) {
    transactions.increment();
    requests.add(batch);
    largest.accumulate(batch);
  }

  /** Returns the number of transactions sent so far. */
  public long transactions() {
    return transactions.sum();
  }

  /** Returns the number of requests in them. */
  public long requests() {
    return requests.sum();
  }

  /** Returns the number of requests in the largest one. */
  public long largest() {
    return largest.get();
  }
}
