package dev.fencepost.backend.redis;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.RedisCluster;

final class ClusterContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    ClusterStore store = new ClusterStore();
    store.awaitSettled();
    return store;
  }

  private static final class ClusterStore extends RedisStoreUnderTest {
    private final RedisCluster cluster = new RedisCluster();

    @Override
    String uri() {
      return cluster.uri();
    }

    @Override
    String cli(String... command) {
      return cluster.cli(command);
    }

    @Override
    void everywhere(String... command) {
      cluster.masters().forEach(master -> master.cli(command));
    }

    @Override
    public void restart() {
      cluster.restart();
    }

    @Override
    public void close() {
      cluster.close();
    }
  }
}
