/** The audit: what callers, operators and the server did, as one line for each event. */
@NullMarked
package dev.fencepost.server.audit;

import org.jspecify.annotations.NullMarked;
