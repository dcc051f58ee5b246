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
import java.util.function.Consumer;

/**
 * Where ownership lives. One instance serves one replica.
 *
 * <p>All methods are asynchronous and thread-safe, and every write is idempotent for its claim id.
 * Contention, loss and staleness are answers. A stage that completes with {@link StoreException}
 * means that the store could not be asked or did not answer: <em>what was asked may have
 * happened</em>, and is settled by asking again with the same claim id. Every stage completes
 * within the store's call timeout, on a thread that must not be blocked.
 *
 * <p>Before {@link #open} has completed and after {@link #close} every stage completes with {@link
 * StoreException}.
 *
 * <p>Each write is one atomic step at the store and follows the rules of {@link
 * dev.fencepost.lock.spi.record.LockRecord}.
 *
 * <p>A record that is damaged or that a later version wrote concerns its own lock only: whoever
 * wants to change that lock gets {@link StoreException.Failure#RECORD_UNREADABLE}.
 */
public interface LockBackend extends AutoCloseable {

  /**
   * Connects, refuses a store that cannot keep the contract, and registers the replica.
   *
   * @param self this replica
   * @param wake told, on any thread and at any time, of a lock whose turn has come here or that
   *     should be looked at again; never blocks. A store without notifications never calls it.
   * @throws StoreConfigurationException (in the stage) if the store is refused, with the remedy
   */
  CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake);

  /** Writes this replica's entry again, with another phase or address. */
  CompletionStage<Void> announce(Replica self);

  /**
   * Takes the lock for the claim if it is free or this replica's turn. A claim that holds it
   * already gets its grant again, renewed.
   */
  CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line);

  /**
   * Ends one grant and gives the lock to the next claim, in one step. If {@code from} does not
   * stand any more, the next claim's half is an ordinary attempt.
   *
   * @param line {@link QueueIntent#JOIN}, {@link QueueIntent#STAY} or {@link QueueIntent#YIELD}
   */
  CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line);

  /** Extends the grant to now + its ttl. Never shortens, never revives. */
  CompletionStage<Renewal> renew(GrantRef grant);

  /**
   * Ends the claim's grant. With a line the lock is closed for one second for everybody but the
   * first replica in it, which is woken.
   */
  CompletionStage<Release> release(ReleaseCommand order);

  /** Ends the lock's grant whoever holds it. */
  CompletionStage<Revocation> forceRelease(ForceReleaseCommand order);

  /** Takes this replica out of the lock's line and passes on a turn that was given to it. */
  CompletionStage<Void> leave(LockName lock);

  /**
   * Reads the locks as they stand, linearizably, in one call; one state for each name, in the order
   * asked. A lock whose record cannot be read is left out. At most {@link #MAX_DESCRIBED} names.
   */
  CompletionStage<List<LockState>> describe(Collection<LockName> locks);

  /**
   * Reads a page of the locks that are held, closed or waited for. A lock whose record cannot be
   * read is left out.
   */
  CompletionStage<LockPage> list(ListQuery query);

  /** Lets a token pass a resource's mark and raises the mark, in one atomic step. */
  CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token);

  /** Forgets a resource's mark and answers what it was. */
  CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource);

  /** Asks the store who it is and which replicas live; also the probe of readiness. */
  CompletionStage<StoreInfo> info();

  /** Ends the replica's entry and all connections; waits a few seconds at most. Grants stand. */
  @Override
  void close();

  /** Most names in one {@link #describe}. */
  int MAX_DESCRIBED = 1000;
}
