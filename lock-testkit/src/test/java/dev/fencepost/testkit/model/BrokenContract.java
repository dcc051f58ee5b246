package dev.fencepost.testkit.model;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.util.concurrent.atomic.AtomicReference;

/** The contract on the store that {@link ContractTest} names; run by nobody else. */
final class BrokenContract extends LockBackendContract {

  static final AtomicReference<Fault> FAULT = new AtomicReference<>();

  @Override
  protected StoreUnderTest store() {
    return FAULT.get().store();
  }
}
