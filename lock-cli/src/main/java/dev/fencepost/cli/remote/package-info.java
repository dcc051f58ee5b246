/**
 * Calls to servers: tries one server after another, acquires, renews, releases, lists and watches
 * locks, and words the answers for people.
 */
@NullMarked
package dev.fencepost.cli.remote;

import org.jspecify.annotations.NullMarked;
