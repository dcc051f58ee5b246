package dev.fencepost.testkit.model;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;

class ModelContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    return new ModelStoreUnderTest();
  }
}
