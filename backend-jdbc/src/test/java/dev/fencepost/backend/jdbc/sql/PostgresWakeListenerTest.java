package dev.fencepost.backend.jdbc.sql;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.ReplicaId;
import java.lang.reflect.Proxy;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** A listener whose connection cannot be made. */
final class PostgresWakeListenerTest {
  private final AtomicInteger attempts = new AtomicInteger();

  @Test
  void driverThatThrowsUnchecked_isAskedAgain() {
    DataSource source =
        (DataSource)
            Proxy.newProxyInstance(
                DataSource.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                  attempts.incrementAndGet();
                  throw new IllegalStateException("a fault of the driver");
                });

    PostgresWakeListener listener =
        new PostgresWakeListener(source, ReplicaId.of(1), lock -> {}, new Random(1));
    try {
      await("the next attempt").until(() -> attempts.get() > 1);
    } finally {
      listener.close();
    }
  }
}
