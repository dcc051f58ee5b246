package dev.fencepost.lock;

/**
 * The answer to a hand-over: the end of one grant and the attempt of the next claim, in one step.
 *
 * @param ended how the former grant ended
 * @param got what the next claim got
 */
public record HandOver(Release ended, Attempt got) {}
