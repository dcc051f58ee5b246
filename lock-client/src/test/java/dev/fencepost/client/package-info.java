/** The SDK, against real servers and against a scripted one. */
package dev.fencepost.client;
