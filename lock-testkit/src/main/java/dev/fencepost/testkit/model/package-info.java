/** A store in memory, made of the reference rules: what every other store is compared with. */
@NullMarked
package dev.fencepost.testkit.model;

import org.jspecify.annotations.NullMarked;
