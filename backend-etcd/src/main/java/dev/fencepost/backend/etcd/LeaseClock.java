package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Said;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Learns how much time the leases of locks have left. That a lease has ended is believed only if a
 * read that follows shows the same record, in the same term of etcd's leader: a leader that was
 * deposed may say so of leases that its successor has prolonged. Safe for use by many threads.
 */
final class LeaseClock {
  private static final int MOST_TRIES = 5;

  private final EtcdSchema keys;
  private final TxnBatcher<LockRead, LockRead.Found> reads;
  private final LeaseClient leases;

  LeaseClock(EtcdSchema keys, TxnBatcher<LockRead, LockRead.Found> reads, LeaseClient leases) {
    this.keys = keys;
    this.reads = reads;
    this.leases = leases;
  }

  /** The same lock with its time; as it stands by now, if that is not how it was seen. */
  CompletionStage<ObservedLock> timed(ObservedLock seen, CallDeadline deadline) {
    return timed(seen, deadline, 0);
  }

  private CompletionStage<ObservedLock> timed(ObservedLock seen, CallDeadline deadline, int tries) {
    if (!seen.isBound()) {
      return CompletableFuture.completedStage(seen);
    }
    if (tries == MOST_TRIES) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    return leases
        .secondsLeft(seen.entry().orElseThrow().lease(), deadline)
        .thenCompose(
            said -> {
              ObservedLock timed = seen.withSecondsLeft(said.seconds());
              return timed.entry().orElseThrow().hasEnded()
                  ? confirmed(timed, said, deadline, tries)
                  : CompletableFuture.completedStage(timed);
            });
  }

  private CompletionStage<ObservedLock> confirmed(
      ObservedLock ended, Said said, CallDeadline deadline, int tries) {
    return reads
        .ask(new LockRead(keys.lock(ended.lock()), keys.line(ended.lock())), deadline)
        .thenCompose(
            found -> {
              ObservedLock now = ObservedLock.read(ended.lock(), found.record(), found.line());
              return found.term() == said.term() && now.hasRecordOf(ended)
                  ? CompletableFuture.completedStage(now.withSecondsLeft(said.seconds()))
                  : timed(now, deadline, tries + 1);
            });
  }
}
