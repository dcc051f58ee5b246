package dev.fencepost.lock.spi;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A store of lock ownership that is open. One instance serves one replica.
 *
 * <p>All methods are asynchronous and thread-safe, and every write is idempotent for its claim id.
 * Contention, loss and staleness are answers. A stage that fails with {@link StoreException} means
 * that the store could not be reached or did not answer: <em>the command may have been
 * executed</em>. The outcome is settled by repeating it with the same claim id. Every stage
 * completes within the store's call timeout, on a thread that must not be blocked.
 *
 * <p>A claim and its grant belong to the principal that made them. Acquire, renew, release and
 * hand-over compare it with the one on record, in the same atomic step as the claim id and the
 * token. If it differs, the answer has an {@link dev.fencepost.lock.OtherPrincipal} and nothing
 * changes.
 *
 * <p>Each write is one atomic step at the store and follows the rules of {@link
 * dev.fencepost.lock.spi.record.LockRecord}.
 *
 * <p>A record that is damaged or that a later version wrote affects its own lock only: a command
 * that changes that lock fails with {@link StoreException.Failure#RECORD_UNREADABLE}.
 */
public interface LockStore extends AutoCloseable {

  /** Writes this replica's entry again, with another phase or address. */
  CompletionStage<Void> announce(Replica self);

  /**
   * Takes the lock for the claim if it is free or this replica's turn. A claim that holds it
   * already gets its grant again, renewed.
   */
  CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent);

  /**
   * Ends one grant and gives the lock to the next claim, in one step. If the grant {@code from} has
   * ended already or belongs to another principal, the next claim's half is an ordinary attempt.
   *
   * @param intent {@link QueueIntent#JOIN}, {@link QueueIntent#STAY} or {@link QueueIntent#YIELD}
   */
  CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent);

  /** Extends the grant to now + its ttl. Never shortens, never revives. */
  CompletionStage<Renewal> renew(GrantRef grant);

  /**
   * Ends the claim's grant. If replicas are queued, the lock is closed for one second for all but
   * the first of them, which is notified.
   */
  CompletionStage<Release> release(ReleaseCommand order);

  /** Ends the lock's grant, regardless of its holder. */
  CompletionStage<Revocation> forceRelease(ForceReleaseCommand order);

  /**
   * Removes this replica from the lock's replica queue and passes on a turn that was given to it.
   */
  CompletionStage<Void> leave(LockName lock);

  /**
   * Reads the states of the locks linearizably in one call; one state for each name, in the given
   * order. A lock whose record cannot be read is left out. At most {@link #MAX_DESCRIBED} names.
   */
  CompletionStage<List<LockState>> describe(Collection<LockName> locks);

  /**
   * Reads a page of the locks that are held, closed or waited for. A lock whose record cannot be
   * read is left out.
   */
  CompletionStage<LockPage> list(ListQuery query);

  /**
   * Checks a token against a resource's high-water mark and raises the mark, in one atomic step.
   */
  CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token);

  /** Deletes a resource's high-water mark and returns its value. */
  CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource);

  /** Reads the store's identity and the live replicas; also the readiness probe. */
  CompletionStage<StoreInfo> info();

  /**
   * Removes the replica's entry and closes all connections; waits a few seconds at most. Grants
   * stay.
   */
  @Override
  void close();

  /** Most names in one {@link #describe}. */
  int MAX_DESCRIBED = 1000;
}
