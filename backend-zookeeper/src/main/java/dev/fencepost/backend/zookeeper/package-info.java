/** A holder node for each lock, its line as ephemeral sequential children. */
@NullMarked
package dev.fencepost.backend.zookeeper;

import org.jspecify.annotations.NullMarked;
