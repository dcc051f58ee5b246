/** Clients over real TCP that break the protocol or exhaust a server, beside one that behaves. */
package dev.fencepost.acceptance.hostile;
