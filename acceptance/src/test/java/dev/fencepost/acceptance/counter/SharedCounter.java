package dev.fencepost.acceptance.counter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A number in a file that several processes raise by reading and then writing it, with the token of
 * the last who did beside it. Nothing but a lock keeps them apart.
 */
final class SharedCounter implements AutoCloseable {

  private final FileChannel file;

  private SharedCounter(FileChannel file) {
    this.file = file;
  }

  static SharedCounter open(Path path) throws IOException {
    return new SharedCounter(
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  /** What is in the file; zeros if it is empty. */
  Content read() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    int read = file.read(bytes, 0);
    bytes.flip();
    return read < 2 * Long.BYTES
        ? new Content(0, 0)
        : new Content(bytes.getLong(), bytes.getLong());
  }

  /**
   * Raises the number by one.
   *
   * @param token of the grant under which this is done; 0 if there is none
   * @throws IllegalStateException if somebody with the same or a greater token was here before
   */
  @SuppressWarnings("ThreadPriorityCheck") // Nothing relies on it: it only makes losing likely.
  void raise(long token) throws IOException {
    Content before = read();
    if (token != 0 && token <= before.token()) {
      throw new IllegalStateException("token " + token + " comes after " + before.token());
    }
    // Gives everybody else a chance to come between.
    Thread.yield();
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    bytes.putLong(before.number() + 1).putLong(token).flip();
    file.write(bytes, 0);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /** The number, and the token of who wrote it. */
  record Content(long number, long token) {}
}
