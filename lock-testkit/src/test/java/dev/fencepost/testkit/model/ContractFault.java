package dev.fencepost.testkit.model;

import java.util.List;
import java.util.function.Supplier;

/**
 * A way to break the contract.
 *
 * @param noticedBy the tests that must fail: the part of the contract and the method
 */
record ContractFault(Supplier<ModelRules> rules, BrokenBackend backend, List<String> noticedBy) {

  /** A store that is broken in this way. */
  ModelStoreUnderTest store() {
    return new ModelStoreUnderTest(rules.get(), backend);
  }

  @Override
  public String toString() {
    return backend == BrokenBackend.NOT_AT_ALL
        ? rules.get().getClass().getSimpleName()
        : backend.name();
  }

  static ContractFault inRules(Supplier<ModelRules> rules, String... noticedBy) {
    return new ContractFault(rules, BrokenBackend.NOT_AT_ALL, List.of(noticedBy));
  }

  static ContractFault inBackend(BrokenBackend backend, String... noticedBy) {
    return new ContractFault(ModelRules::new, backend, List.of(noticedBy));
  }
}
