/**
 * Configuration of the server, under the same names in one YAML file, the environment and flags.
 * All faults are reported at once, each with its key, its value, the expected values and its
 * location.
 */
@NullMarked
package dev.fencepost.server.config;

import org.jspecify.annotations.NullMarked;
