/** Certificate authorities that a test makes for itself, with certificates good and bad. */
@NullMarked
package dev.fencepost.testkit.tls;

import org.jspecify.annotations.NullMarked;
