/** The words check themselves. */
@NullMarked
package dev.fencepost.lock;

import org.jspecify.annotations.NullMarked;
