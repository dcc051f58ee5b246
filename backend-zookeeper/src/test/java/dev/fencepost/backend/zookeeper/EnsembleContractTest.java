package dev.fencepost.backend.zookeeper;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.ZookeeperEnsemble;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.util.List;

final class EnsembleContractTest extends LockBackendContract {
  private static final int SERVERS = 3;

  @Override
  protected StoreUnderTest store() {
    ZookeeperEnsemble ensemble = new ZookeeperEnsemble(SERVERS);
    ensemble.heal();
    return new EnsembleStore(ensemble);
  }

  private static final class EnsembleStore extends ZookeeperStoreUnderTest {
    private final ZookeeperEnsemble ensemble;

    EnsembleStore(ZookeeperEnsemble ensemble) {
      super(ensemble.addresses());
      this.ensemble = ensemble;
    }

    @Override
    List<ZookeeperServer> all() {
      return ensemble.servers();
    }

    @Override
    public void restart() {
      ensemble.restart();
    }

    @Override
    public void close() {
      ensemble.close();
    }
  }
}
