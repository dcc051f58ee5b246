/**
 * The vocabulary of Fencepost: locks, claims, grants and their ends.
 *
 * <h2>Glossary</h2>
 *
 * <dl>
 *   <dt>lock
 *   <dd>a name; nothing is created in advance and a name that nobody uses costs nothing
 *   <dt>claim
 *   <dd>one attempt to own a lock; its secret id identifies it through every retry and replica
 *   <dt>claimant
 *   <dd>the public part of a claim: owner, principal, mode and metadata
 *   <dt>claim tag
 *   <dd>a hash prefix of a claim id that tells claims apart and gives no right to them
 *   <dt>attempt
 *   <dd>the answer of the store to one try to take a lock: granted or busy
 *   <dt>grant
 *   <dd>a claim that the store accepted: claim, fencing token and lease
 *   <dt>lease
 *   <dd>the time for which a grant is valid without being renewed
 *   <dt>fencing token
 *   <dd>a positive 63-bit number, larger for every later grant of the same lock
 *   <dt>fence mark
 *   <dd>the highest token that a protected resource has accepted (its high-water mark)
 *   <dt>owner
 *   <dd>text that says who holds a lock, for people; it never decides anything
 *   <dt>holder
 *   <dd>the claimant of the present grant
 *   <dt>store
 *   <dd>Redis, ZooKeeper, etcd or a SQL database: the only place where ownership is kept
 *   <dt>record
 *   <dd>what a store keeps of one lock
 *   <dt>ownership
 *   <dd>the claim in a record, until its lease and its lock delay have ended
 *   <dt>transition
 *   <dd>one atomic change of a record
 *   <dt>replica
 *   <dd>one running Fencepost server
 *   <dt>waiter
 *   <dd>a claim in the queue of a replica
 *   <dt>replica queue
 *   <dd>the replicas that have waiters for a lock, in order of arrival, kept in the store
 *   <dt>turn
 *   <dd>the short time after a release in which only the first queued replica may take the lock
 *   <dt>closed
 *   <dd>the status of a lock that no claim holds and none (or one replica only) may take yet
 *   <dt>lock delay
 *   <dd>the time for which a lock stays closed after a lease expired
 *   <dt>renewal
 *   <dd>extends a grant by its own ttl, counted from now
 *   <dt>release
 *   <dd>ends a grant, or a claim that waits
 *   <dt>hand-over
 *   <dd>ends a grant and gives the lock to the next claim in one store command
 *   <dt>revocation
 *   <dd>the end of a grant by an administrator (forced release)
 *   <dt>loss
 *   <dd>the end of a grant that its holder did not ask for
 *   <dt>jeopardy
 *   <dd>the state of a handle whose renewal is overdue, while its lease still runs
 *   <dt>drain
 *   <dd>the state of a replica that refuses new claims before it stops
 *   <dt>session
 *   <dd>the stream between a client and a replica that carries renewals and loss notices
 * </dl>
 *
 * <p>The verbs are <em>acquire</em>, <em>renew</em>, <em>release</em> and <em>hand over</em>. Every
 * type here is an immutable value and thread-safe.
 */
@NullMarked
package dev.fencepost.lock;

import org.jspecify.annotations.NullMarked;
