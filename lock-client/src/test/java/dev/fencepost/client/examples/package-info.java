/** What the documentation shows, compiled and run. */
package dev.fencepost.client.examples;
