package dev.fencepost.lock;

/**
 * The maker of a grant that another principal named by its claim id and token. Nothing changed.
 *
 * @param recorded the principal on record; empty if the grant was made without one
 * @param token the token of the grant
 */
public record OtherPrincipal(String recorded, FencingToken token) {}
