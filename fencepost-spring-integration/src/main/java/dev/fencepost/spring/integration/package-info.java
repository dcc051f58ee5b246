/** Fencepost as the lock registry of Spring Integration. */
@NullMarked
package dev.fencepost.spring.integration;

import org.jspecify.annotations.NullMarked;
