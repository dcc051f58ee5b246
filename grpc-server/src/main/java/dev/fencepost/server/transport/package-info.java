/**
 * Connections of the server: TLS, its files and their reload, the open connections and what each
 * tells about its peer. Knows nothing else of the server.
 */
@NullMarked
package dev.fencepost.server.transport;

import org.jspecify.annotations.NullMarked;
