package dev.fencepost.fence.pause;

import dev.fencepost.lock.FencingToken;
import java.io.IOException;
import java.sql.SQLException;

/** Writes to resources through their fence. */
public interface FencedWriter extends AutoCloseable {

  /** Writes; throws {@link dev.fencepost.fence.StaleTokenException} if the fence refused. */
  void write(String resource, String value, FencingToken token) throws Exception;

  @Override
  void close() throws IOException, SQLException;
}
