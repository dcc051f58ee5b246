/** Credentials of callers, and the principals that they prove. */
@NullMarked
package dev.fencepost.server.identity;

import org.jspecify.annotations.NullMarked;
