/** The coordinator, one behaviour at a time, on virtual time and a model store. */
@NullMarked
package dev.fencepost.core;

import org.jspecify.annotations.NullMarked;
