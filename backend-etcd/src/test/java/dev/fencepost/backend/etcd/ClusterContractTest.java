package dev.fencepost.backend.etcd;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.EtcdCluster;
import dev.fencepost.testkit.process.EtcdServer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.RegisterExtension;

final class ClusterContractTest extends LockBackendContract {
  private static final EtcdCluster ETCD = new EtcdCluster();

  @RegisterExtension
  static final RunningServer<EtcdCluster> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final AtomicInteger STORES = new AtomicInteger();

  @Override
  protected StoreUnderTest store() {
    return new EtcdStoreUnderTest(ETCD.uri("contract-" + STORES.incrementAndGet())) {
      @Override
      void pause() {
        ETCD.members().forEach(EtcdServer::pause);
      }

      @Override
      void resume() {
        ETCD.members().forEach(EtcdServer::resume);
      }

      @Override
      public void restart() {
        ETCD.stop();
        ETCD.start();
      }
    };
  }
}
