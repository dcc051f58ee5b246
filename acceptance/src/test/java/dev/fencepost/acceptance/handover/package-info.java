/** A release lets the next one in, through whichever replica either of them came. */
package dev.fencepost.acceptance.handover;
