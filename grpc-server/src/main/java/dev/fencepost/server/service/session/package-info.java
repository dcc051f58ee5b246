/**
 * The session stream: one stream for each client, which carries its operations, their results and
 * notices.
 */
@NullMarked
package dev.fencepost.server.service.session;

import org.jspecify.annotations.NullMarked;
