/** How fast it is, beside what anybody would write by hand. Programs, not tests. */
package dev.fencepost.backend.jdbc.measure;
