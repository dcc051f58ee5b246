/** Holders in processes of their own, paused and killed. */
package dev.fencepost.client.process;
