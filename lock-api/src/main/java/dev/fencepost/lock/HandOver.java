package dev.fencepost.lock;

/**
 * Both halves of passing a lock on in one step.
 *
 * @param ended how the former grant ended
 * @param got what the next claim got
 */
public record HandOver(Release ended, Attempt got) {}
