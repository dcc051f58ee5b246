/** Options for TLS and login, and explanations of failures. */
@NullMarked
package dev.fencepost.lock.tls;

import org.jspecify.annotations.NullMarked;
