/**
 * Leases in etcd: single ones, a pool for grants, and shared ones for short-lived keys. Keep-alives
 * and the throttle that gives renewals precedence are here as well. Knows the package {@code rpc}.
 */
@NullMarked
package dev.fencepost.backend.etcd.lease;

import org.jspecify.annotations.NullMarked;
