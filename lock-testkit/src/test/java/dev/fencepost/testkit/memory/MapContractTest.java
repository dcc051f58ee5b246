package dev.fencepost.testkit.memory;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;

class MapContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    return new MapStoreUnderTest();
  }
}
