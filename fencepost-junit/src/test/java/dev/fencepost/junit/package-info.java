/** The extension on the oldest JUnit here, and on the newest in a process of its own. */
package dev.fencepost.junit;
