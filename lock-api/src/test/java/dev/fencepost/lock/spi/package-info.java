/** What a backend is given checks itself. */
@NullMarked
package dev.fencepost.lock.spi;

import org.jspecify.annotations.NullMarked;
