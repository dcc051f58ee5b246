package dev.fencepost.junit;

import dev.fencepost.client.FencepostClient;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One {@link LockTestServer} for all tests of a class. A {@link FencepostClient} parameter is a
 * client of the test's own, which is closed after it, so no lock survives the test. A partition
 * ends with its test.
 *
 * <p>Use {@link FencepostTest}, or a static field with {@code @RegisterExtension} where the target
 * is needed before a test begins:
 *
 * <pre>{@code
 * @RegisterExtension static final FencepostExtension FENCEPOST = new FencepostExtension();
 *
 * @DynamicPropertySource
 * static void properties(DynamicPropertyRegistry registry) {
 *   registry.add("fencepost.target", () -> FENCEPOST.server().target());
 * }
 * }</pre>
 *
 * <p>Runs on JUnit 5.12 and later, and on JUnit 6.
 */
public final class FencepostExtension
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(FencepostExtension.class);

  private volatile @Nullable LockTestServer latest;

  /**
   * Returns the server of the present test class.
   *
   * @throws IllegalStateException before the first test class has begun
   */
  public LockTestServer server() {
    return Optional.ofNullable(latest)
        .orElseThrow(() -> new IllegalStateException("no test class has begun yet"));
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    latest = serverOf(context);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    latest = serverOf(context);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    serverOf(context).heal();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == LockTestServer.class || type == FencepostClient.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == LockTestServer.class
        ? serverOf(context)
        : clientOf(context);
  }

  private static LockTestServer serverOf(ExtensionContext context) {
    Store store = context.getStore(NAMESPACE);
    ClosedWithScope kept = store.get(LockTestServer.class, ClosedWithScope.class);
    if (kept == null) {
      LockTestServer server = LockTestServer.start();
      kept = new ClosedWithScope(server, server::close);
      store.put(LockTestServer.class, kept);
    }
    return (LockTestServer) kept.resource();
  }

  private static FencepostClient clientOf(ExtensionContext context) {
    Store store = context.getStore(NAMESPACE);
    ClosedWithScope kept = store.get(FencepostClient.class, ClosedWithScope.class);
    if (kept == null) {
      FencepostClient client = FencepostClient.connect(serverOf(context).target());
      kept = new ClosedWithScope(client, client::close);
      store.put(FencepostClient.class, kept);
    }
    return (FencepostClient) kept.resource();
  }

  /** JUnit before 5.13 closes this type only, later ones any {@link AutoCloseable}. */
  @SuppressWarnings("deprecation")
  private record ClosedWithScope(Object resource, Runnable closing)
      implements Store.CloseableResource, AutoCloseable {
    @Override
    public void close() {
      closing.run();
    }
  }
}
