/**
 * What an operator may set, under the same names in one YAML file, the environment and flags. All
 * faults are reported at once, each with its key, its value, what was expected and where it stands.
 */
@NullMarked
package dev.fencepost.server.config;

import org.jspecify.annotations.NullMarked;
