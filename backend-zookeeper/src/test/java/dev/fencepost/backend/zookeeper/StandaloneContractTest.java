package dev.fencepost.backend.zookeeper;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.util.List;

final class StandaloneContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    ZookeeperServer server = new ZookeeperServer();
    server.start();
    return new StandaloneStore(server);
  }

  private static final class StandaloneStore extends ZookeeperStoreUnderTest {
    private final ZookeeperServer server;

    StandaloneStore(ZookeeperServer server) {
      super("127.0.0.1:" + server.port());
      this.server = server;
    }

    @Override
    List<ZookeeperServer> all() {
      return List.of(server);
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
