/**
 * The words of Fencepost: what is locked, who asks, what was granted and how it ended.
 *
 * <h2>Glossary</h2>
 *
 * <dl>
 *   <dt>lock
 *   <dd>a name; nothing is created in advance and a name that nobody uses costs nothing
 *   <dt>claim
 *   <dd>one attempt to own a lock; its secret id identifies it through every retry and replica
 *   <dt>grant
 *   <dd>a claim that the store accepted: claim, fencing token and lease
 *   <dt>lease
 *   <dd>the time for which a grant stands without being renewed
 *   <dt>fencing token
 *   <dd>a positive 63-bit number, larger for every later grant of the same lock
 *   <dt>owner
 *   <dd>text that says who holds a lock, for people; it never decides anything
 *   <dt>store
 *   <dd>Redis, ZooKeeper, etcd or a SQL database: the only place where ownership lives
 *   <dt>replica
 *   <dd>one running Fencepost server
 *   <dt>waiter
 *   <dd>a claim that stands in the queue of a replica
 *   <dt>line
 *   <dd>the replicas that have waiters for a lock, in order of arrival, kept in the store
 *   <dt>closed
 *   <dd>said of a lock that nobody holds and nobody (or one replica only) may take yet
 * </dl>
 *
 * <p>The verbs are <em>acquire</em>, <em>renew</em>, <em>release</em> and <em>hand over</em>. Every
 * type here is an immutable value and safe for use by many threads.
 */
@NullMarked
package dev.fencepost.lock;

import org.jspecify.annotations.NullMarked;
