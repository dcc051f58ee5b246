/** What a client may rely on that keeps one stream for all it does. */
package dev.fencepost.acceptance.sessions;
