/**
 * The interface of a store. A backend is a module with one public type, its {@link
 * dev.fencepost.lock.spi.LockBackendProvider}, found through {@link java.util.ServiceLoader}. It
 * must pass the contract suite of the test kit.
 */
@NullMarked
package dev.fencepost.lock.spi;

import org.jspecify.annotations.NullMarked;
