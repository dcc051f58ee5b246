/**
 * The test kit of Fencepost: what a backend, a server or a client is tested with.
 *
 * <ul>
 *   <li>{@code model}: a store in memory, made of the reference rules
 *   <li>{@code process}: real stores as processes of their own, and a proxy that harms what passes
 *   <li>{@code contract}: what every store must keep, as tests that a backend inherits
 *   <li>{@code history}: what clients saw, written down, and its judges
 * </ul>
 */
@NullMarked
package dev.fencepost.testkit;

import org.jspecify.annotations.NullMarked;
