/**
 * Translates between the messages of {@code fencepost.v1} and the values of the domain: requests
 * are read and checked, answers are written.
 */
@NullMarked
package dev.fencepost.server.service.wire;

import org.jspecify.annotations.NullMarked;
