/** An in-memory store built from the reference rules. Every other store is compared with it. */
@NullMarked
package dev.fencepost.testkit.model;

import org.jspecify.annotations.NullMarked;
