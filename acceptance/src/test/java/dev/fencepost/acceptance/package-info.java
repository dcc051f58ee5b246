/**
 * The whole, proved from outside: servers as processes of their own, on real stores, and clients
 * that know nothing but the wire. Each folder proves one idea; {@code world} is what they share.
 */
package dev.fencepost.acceptance;
