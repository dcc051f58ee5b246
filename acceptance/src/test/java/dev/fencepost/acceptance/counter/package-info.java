/** Many processes raise one number under a lock, and no update is lost. */
package dev.fencepost.acceptance.counter;
