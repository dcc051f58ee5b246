package dev.fencepost.testkit.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.fencepost.testkit.contract.LockBackendContract;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The contract itself: it lets a sound store pass and refuses every broken one. */
class ContractTest {

  static final List<ContractFault> FAULTS = ContractFaults.all();

  private static final int TESTS_AT_LEAST = 116;

  @Test
  void soundStore_passesAll() {
    Verdicts verdicts = run(ModelContractTest.class);
    assertThat(verdicts.failed).isEmpty();
    assertThat(verdicts.passed).hasSizeGreaterThanOrEqualTo(TESTS_AT_LEAST);
  }

  /** Broken stores make the contract wait; so several are refused at once. */
  @ParameterizedTest
  @FieldSource("FAULTS")
  @Execution(ExecutionMode.CONCURRENT)
  void brokenStore_isRejected(ContractFault fault) {
    BrokenContract.FAULT.set(fault);
    Verdicts verdicts = run(BrokenContract.class);
    assertThat(verdicts.failed).containsAll(fault.noticedBy());
  }

  private static Verdicts run(Class<? extends LockBackendContract> contract) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectClass(contract))
            // All on this thread, which knows the fault.
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
            .build();
    Verdicts verdicts = new Verdicts();
    LauncherFactory.create().execute(request, verdicts);
    return verdicts;
  }

  private static final class Verdicts implements TestExecutionListener {

    private final Set<String> failed = new TreeSet<>();
    private final Set<String> passed = new TreeSet<>();

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      boolean sound = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
      if (test.isTest() || !sound) {
        (sound ? passed : failed).add(nameOf(test));
      }
    }

    private static String nameOf(TestIdentifier test) {
      return test.getSource()
          .filter(MethodSource.class::isInstance)
          .map(MethodSource.class::cast)
          .map(
              source ->
                  source.getClassName().replaceAll(".*\\$", "") + "." + source.getMethodName())
          .orElse(test.getDisplayName());
    }
  }
}
