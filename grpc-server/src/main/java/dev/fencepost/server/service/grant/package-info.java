/**
 * Renews and releases grants, for unary calls and sessions alike, and remembers which client each
 * grant belongs to.
 */
@NullMarked
package dev.fencepost.server.service.grant;

import org.jspecify.annotations.NullMarked;
