package dev.fencepost.backend.etcd;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.EtcdServer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.RegisterExtension;

final class SingleServerContractTest extends LockBackendContract {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final AtomicInteger STORES = new AtomicInteger();

  @Override
  protected StoreUnderTest store() {
    return new EtcdStoreUnderTest(ETCD.uri("contract-" + STORES.incrementAndGet())) {
      @Override
      void pause() {
        ETCD.pause();
      }

      @Override
      void resume() {
        ETCD.resume();
      }

      @Override
      public void restart() {
        ETCD.restart();
      }
    };
  }
}
