/**
 * Commands on their way to the database: a queue that puts waiting commands together into batches,
 * and the worker threads that execute them, one for each connection.
 */
@NullMarked
package dev.fencepost.backend.jdbc.batch;

import org.jspecify.annotations.NullMarked;
