/**
 * The contract of all stores as tests: a backend's test extends {@link
 * dev.fencepost.testkit.contract.LockBackendContract} and tells it how to reach and treat its
 * store.
 */
@NullMarked
package dev.fencepost.testkit.contract;

import org.jspecify.annotations.NullMarked;
