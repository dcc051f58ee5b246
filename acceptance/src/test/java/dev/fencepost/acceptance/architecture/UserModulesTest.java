package dev.fencepost.acceptance.architecture;

import static dev.fencepost.acceptance.architecture.ArchitectureTest.CLASSES;
import static dev.fencepost.acceptance.architecture.ArchitectureTest.assertBroken;

import org.junit.jupiter.api.Test;

/** Modules for the libraries of users know the SDK's public types, and nobody knows them. */
class UserModulesTest {
  private static final String CORE = "dev.fencepost.core..";
  private static final String BACKENDS = "dev.fencepost.backend..";
  private static final String SERVER = "dev.fencepost.server..";
  private static final String CLI = "dev.fencepost.cli..";
  private static final String FENCE = "dev.fencepost.fence..";
  private static final String JUNIT = "dev.fencepost.junit..";
  private static final String LIQUIBASE = "dev.fencepost.liquibase..";
  private static final String SPRING = "dev.fencepost.spring";
  private static final String INTEGRATION = "dev.fencepost.spring.integration..";
  private static final String SHEDLOCK = "dev.fencepost.shedlock..";

  @Test
  void shedlock_knowsTheClientsTypesOnly() {
    Rules.knowsOnly(
            SHEDLOCK, "dev.fencepost.lock", "dev.fencepost.client", "net.javacrumbs.shedlock.core")
        .check(CLASSES);
    assertBroken(Rules.knowsOnly(SHEDLOCK, "dev.fencepost.lock"), CLASSES);
    Rules.isUsedOnlyBy(SHEDLOCK, SHEDLOCK).check(CLASSES);
  }

  @Test
  void liquibase_knowsTheClientsTypesOnly() {
    Rules.knowsOnly(
            LIQUIBASE, "dev.fencepost.lock", "dev.fencepost.client", "liquibase..", "org.slf4j")
        .check(CLASSES);
    assertBroken(Rules.knowsOnly(LIQUIBASE, "dev.fencepost.lock"), CLASSES);
    Rules.isUsedOnlyBy(LIQUIBASE, LIQUIBASE).check(CLASSES);
  }

  @Test
  void springIntegration_knowsTheClientsTypesOnly() {
    Rules.knowsOnly(
            INTEGRATION,
            "dev.fencepost.lock",
            "dev.fencepost.client",
            "org.springframework.integration.support.locks")
        .check(CLASSES);
    assertBroken(Rules.knowsOnly(INTEGRATION, "dev.fencepost.lock"), CLASSES);
    Rules.isUsedOnlyBy(INTEGRATION, INTEGRATION).check(CLASSES);
  }

  @Test
  void spring_knowsTheClientsTypesOnly() {
    Rules.doesNotKnow(
            SPRING,
            CORE,
            BACKENDS,
            SERVER,
            CLI,
            "dev.fencepost.proto..",
            "dev.fencepost.lock.spi..",
            "dev.fencepost.testkit..",
            "io.grpc..")
        .check(CLASSES);
    assertBroken(Rules.doesNotKnow(SPRING, "dev.fencepost.client"), CLASSES);
    // Made only if its property is set.
    Rules.knowsOnlyThrough("dev.fencepost.spring.TransactionFence", SPRING, FENCE).check(CLASSES);
    assertBroken(Rules.doesNotKnow(SPRING, FENCE), CLASSES);
    Rules.isUsedOnlyBy(SPRING, SPRING).check(CLASSES);
  }

  /** It starts a server, so it knows the server's entry. */
  @Test
  void junit_knowsNoStoreAndNoCommand() {
    Rules.doesNotKnow(JUNIT, CORE, BACKENDS, CLI, FENCE).check(CLASSES);
    assertBroken(Rules.doesNotKnow(JUNIT, SERVER), CLASSES);
    Rules.isUsedOnlyBy(JUNIT, JUNIT).check(CLASSES);
  }
}
