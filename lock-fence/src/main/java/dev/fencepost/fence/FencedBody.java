package dev.fencepost.fence;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;

/** A request's body that checks the fence before it reports its end. */
final class FencedBody extends ServletInputStream {

  private final ServletInputStream body;
  private final long length;
  private final Runnable fence;
  private long readBytes;
  private boolean asked;

  /**
   * Wraps the body.
   *
   * @param length in bytes; negative if it was not announced
   */
  FencedBody(ServletInputStream body, long length, Runnable fence) {
    this.body = body;
    this.length = length;
    this.fence = fence;
  }

  @Override
  public int read() throws IOException {
    int read = body.read();
    count(read < 0 ? read : 1);
    return read;
  }

  @Override
  public int read(byte[] into, int offset, int max) throws IOException {
    int read = body.read(into, offset, max);
    count(read);
    return read;
  }

  @Override
  public boolean isFinished() {
    return body.isFinished();
  }

  @Override
  public boolean isReady() {
    return body.isReady();
  }

  @Override
  public void setReadListener(ReadListener listener) {
    body.setReadListener(
        new ReadListener() {
          @Override
          public void onDataAvailable() throws IOException {
            listener.onDataAvailable();
          }

          @Override
          public void onAllDataRead() throws IOException {
            try {
              ask();
            } catch (RuntimeException e) {
              listener.onError(e);
              return;
            }
            listener.onAllDataRead();
          }

          @Override
          public void onError(Throwable failure) {
            listener.onError(failure);
          }
        });
  }

  /** Counts bytes, since some readers stop at the announced length and never read the end. */
  private void count(int read) {
    readBytes += Math.max(read, 0);
    if (read < 0 || readBytes == length) {
      ask();
    }
  }

  private void ask() {
    if (!asked) {
      fence.run();
      asked = true;
    }
  }
}
