/** Tokens rise for ever, whatever becomes of the store. */
package dev.fencepost.acceptance.tokens;
