package dev.fencepost.backend.etcd;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Runs a server for the tests of one class, including its nested classes. */
public final class RunningServer<T extends AutoCloseable>
    implements BeforeAllCallback, AfterAllCallback {
  private final T what;
  private final Runnable start;

  public RunningServer(T what, Runnable start) {
    this.what = what;
    this.start = start;
  }

  T get() {
    return what;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    start.run();
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    if (!context.getRequiredTestClass().isAnnotationPresent(Nested.class)) {
      what.close();
    }
  }
}
