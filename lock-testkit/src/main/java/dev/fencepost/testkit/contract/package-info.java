/**
 * What every store must keep, as tests: a backend inherits {@link
 * dev.fencepost.testkit.contract.LockBackendContract} and tells it how to reach and to treat its
 * store.
 */
@NullMarked
package dev.fencepost.testkit.contract;

import org.jspecify.annotations.NullMarked;
