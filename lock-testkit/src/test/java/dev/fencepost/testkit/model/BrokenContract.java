package dev.fencepost.testkit.model;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;

/** The contract on the store that {@link ContractTest} names; run by nobody else. */
final class BrokenContract extends LockBackendContract {

  /** Of the thread that runs the contract: several do so at once. */
  static final ThreadLocal<ContractFault> FAULT = new ThreadLocal<>();

  @Override
  protected StoreUnderTest store() {
    return FAULT.get().store();
  }
}
