/**
 * Fences: guards at a resource that refuse a writer whose lock has passed to another, even if the
 * writer comes very late and still believes that it holds the lock.
 *
 * <p>A holder sends the fencing token of its grant along with each write. The guard remembers, for
 * each resource, the highest token that it let pass (the <em>mark</em>) and refuses lower ones with
 * {@link dev.fencepost.fence.StaleTokenException}. No Fencepost server is needed.
 *
 * <p>A guard <em>closes</em> the window if the check and the write are one atomic step, and only
 * <em>narrows</em> it if something may come between them:
 *
 * <ul>
 *   <li>{@link dev.fencepost.fence.JdbcFence}, for rows of a SQL database, closes it.
 *   <li>{@link dev.fencepost.fence.RedisFence}, for keys of Redis, closes it.
 *   <li>{@link dev.fencepost.fence.MemoryFence#run}, for this process, closes it; {@link
 *       dev.fencepost.fence.MemoryFence#check} narrows it.
 *   <li>{@link dev.fencepost.fence.FenceServerInterceptor} (gRPC) and {@link
 *       dev.fencepost.fence.FenceFilter} (HTTP) close the way to the handler, and narrow what the
 *       handler does.
 * </ul>
 *
 * <p>A resource is fenced by the tokens of one lock only. Each guard needs the library of its own
 * resource (Lettuce, gRPC, the servlet API) and no other; those dependencies are optional.
 */
@NullMarked
package dev.fencepost.fence;

import org.jspecify.annotations.NullMarked;
