/** Locked methods, the client and its health in applications on Spring Boot. */
@NullMarked
package dev.fencepost.spring;

import org.jspecify.annotations.NullMarked;
