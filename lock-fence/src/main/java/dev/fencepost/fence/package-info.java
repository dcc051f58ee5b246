/**
 * Fences: guards at a resource that refuse a writer whose lock has passed to another, however late
 * and however sure of itself it comes.
 *
 * <p>A holder sends the fencing token of its grant along with each write. The guard remembers, for
 * each resource, the highest token that it let pass (the <em>mark</em>) and refuses lower ones with
 * {@link dev.fencepost.fence.StaleTokenException}. No Fencepost server is asked.
 *
 * <p>A guard <em>closes</em> the window if the check and the write are one step for everybody else,
 * and only <em>narrows</em> it if something may come between them:
 *
 * <table>
 *   <caption>What each guard does</caption>
 *   <tr><th>guard</th><th>for</th><th>does</th></tr>
 *   <tr><td>{@link dev.fencepost.fence.JdbcFence}</td><td>rows</td><td>closes</td></tr>
 *   <tr><td>{@link dev.fencepost.fence.RedisFence}</td><td>keys</td><td>closes</td></tr>
 *   <tr><td>{@link dev.fencepost.fence.MemoryFence#run}</td><td>one process</td><td>closes</td></tr>
 *   <tr><td>{@link dev.fencepost.fence.MemoryFence#check}</td><td>one process</td>
 *     <td>narrows</td></tr>
 *   <tr><td>{@link dev.fencepost.fence.FenceServerInterceptor}</td><td>gRPC</td>
 *     <td>closes the way to the handler, narrows what the handler does</td></tr>
 *   <tr><td>{@link dev.fencepost.fence.FenceFilter}</td><td>HTTP</td>
 *     <td>closes the way to the servlet, narrows what the servlet does</td></tr>
 * </table>
 *
 * <p>A resource is fenced by the tokens of one lock only. Each guard needs the library of its own
 * resource (Lettuce, gRPC, the servlet API) and no other; those dependencies are optional.
 */
@NullMarked
package dev.fencepost.fence;

import org.jspecify.annotations.NullMarked;
