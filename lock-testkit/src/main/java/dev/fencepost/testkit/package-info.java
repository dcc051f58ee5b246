/**
 * The test kit of Fencepost for backends, the server and clients.
 *
 * <ul>
 *   <li>{@code model}: an in-memory store built from the reference rules
 *   <li>{@code process}: real stores as separate processes, and a proxy that injects network faults
 *   <li>{@code contract}: the contract of all stores as tests
 *   <li>{@code history}: recorded calls of clients, and their checkers
 * </ul>
 */
@NullMarked
package dev.fencepost.testkit;

import org.jspecify.annotations.NullMarked;
