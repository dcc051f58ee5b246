/**
 * The Java SDK: locks whose handles renew themselves and know when they are lost.
 *
 * <p>Start at {@link dev.fencepost.client.FencepostClient}. Everything public is safe for use by
 * many threads, virtual ones included, unless it says otherwise.
 */
@NullMarked
package dev.fencepost.client;

import org.jspecify.annotations.NullMarked;
