/** Holders in processes of their own, which are paused and killed. */
package dev.fencepost.client.process;
