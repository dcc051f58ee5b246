package dev.fencepost.backend.redis;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.RedisServer;

final class ServerContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    ServerStore store = new ServerStore();
    store.server.start();
    store.awaitSettled();
    return store;
  }

  private static final class ServerStore extends RedisStoreUnderTest {
    private final RedisServer server = new RedisServer();

    @Override
    String uri() {
      return server.uri();
    }

    @Override
    String cli(String... command) {
      return server.cli(command);
    }

    @Override
    void everywhere(String... command) {
      server.cli(command);
    }

    @Override
    public void restart() {
      server.restart();
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
