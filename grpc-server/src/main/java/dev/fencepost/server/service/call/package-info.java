/**
 * Shared by all calls: who the caller is, which calls are let in, which status a failure means, and
 * how a call or a stream ends.
 */
@NullMarked
package dev.fencepost.server.service.call;

import org.jspecify.annotations.NullMarked;
