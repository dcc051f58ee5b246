package dev.fencepost.backend.etcd;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Counts transactions and what they carried. Safe for use by many threads. */
final class TxnCounters {
  private final LongAdder transactions = new LongAdder();
  private final LongAdder questions = new LongAdder();
  private final LongAccumulator largest = new LongAccumulator(Math::max, 0);

  void sent(int batch) {
    transactions.increment();
    questions.add(batch);
    largest.accumulate(batch);
  }

  /** Transactions sent so far. */
  long transactions() {
    return transactions.sum();
  }

  /** Questions that they carried. */
  long questions() {
    return questions.sum();
  }

  /** Questions in the largest. */
  long largest() {
    return largest.get();
  }
}
