/** Leases, guarded transactions, watches. */
@NullMarked
package dev.fencepost.backend.etcd;

import org.jspecify.annotations.NullMarked;
