/** Small programs on the Java SDK, one problem each. To be read, run and copied. */
@NullMarked
package dev.fencepost.examples;

import org.jspecify.annotations.NullMarked;
