package dev.fencepost.acceptance.architecture;

import static dev.fencepost.acceptance.architecture.ArchitectureTest.CLASSES;
import static dev.fencepost.acceptance.architecture.ArchitectureTest.assertBroken;

import org.junit.jupiter.api.Test;

/** Packages of the server use only packages below them. Each rule is shown to fail elsewhere. */
class ServerPackagesTest {
  private static final String ROOT = "dev.fencepost.server";
  private static final String CONFIG = "dev.fencepost.server.config";
  private static final String METRICS = "dev.fencepost.server.metrics";
  private static final String SERVICES = "dev.fencepost.server.service..";
  private static final String SERVICE = "dev.fencepost.server.service";
  private static final String UNARY = "dev.fencepost.server.service.unary";
  private static final String SESSION = "dev.fencepost.server.service.session";
  private static final String WATCH = "dev.fencepost.server.service.watch";
  private static final String GRANT = "dev.fencepost.server.service.grant";
  private static final String CALL = "dev.fencepost.server.service.call";
  private static final String WIRE = "dev.fencepost.server.service.wire";
  private static final String TRANSPORT = "dev.fencepost.server.transport";
  private static final String SECURITY = "dev.fencepost.server.security";
  private static final String IDENTITY = "dev.fencepost.server.identity";
  private static final String LIMIT = "dev.fencepost.server.service.limit";

  @Test
  void services_knowNeitherTheServerNorItsConfiguration() {
    Rules.doesNotKnow(SERVICES, ROOT, CONFIG).check(CLASSES);
    assertBroken(Rules.doesNotKnow(ROOT, CONFIG), CLASSES);
    assertBroken(Rules.doesNotKnow(ROOT, SERVICES), CLASSES);
  }

  @Test
  void unaryCallsAndSessions_areStrangers() {
    Rules.doesNotKnow(UNARY, SERVICE, SESSION).check(CLASSES);
    Rules.doesNotKnow(SESSION, SERVICE, UNARY, WATCH).check(CLASSES);
    assertBroken(Rules.doesNotKnow(SERVICE, SESSION), CLASSES);
    assertBroken(Rules.doesNotKnow(SERVICE, UNARY), CLASSES);
    assertBroken(Rules.doesNotKnow(UNARY, WATCH), CLASSES);
  }

  @Test
  void watchesAndGrants_knowCallsButNoHandlers() {
    Rules.doesNotKnow(WATCH, SERVICE, UNARY, SESSION, GRANT).check(CLASSES);
    Rules.doesNotKnow(GRANT, SERVICE, UNARY, SESSION, WATCH).check(CLASSES);
    assertBroken(Rules.doesNotKnow(SESSION, GRANT), CLASSES);
    assertBroken(Rules.doesNotKnow(WATCH, CALL), CLASSES);
    assertBroken(Rules.doesNotKnow(GRANT, CALL), CLASSES);
  }

  @Test
  void calls_knowLimitsAndMessagesOnly() {
    Rules.doesNotKnow(CALL, SERVICE, UNARY, SESSION, WATCH, GRANT).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CALL, LIMIT), CLASSES);
    assertBroken(Rules.doesNotKnow(CALL, WIRE), CLASSES);
  }

  @Test
  void limitsMessagesAndMetrics_knowNothingElseOfTheServer() {
    Rules.doesNotKnow(WIRE, METRICS, SERVICE, UNARY, SESSION, WATCH, GRANT, CALL, LIMIT)
        .check(CLASSES);
    Rules.doesNotKnow(LIMIT, METRICS, SERVICE, UNARY, SESSION, WATCH, GRANT, CALL, WIRE)
        .check(CLASSES);
    Rules.doesNotKnow(METRICS, ROOT, CONFIG, SERVICES).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CALL, METRICS), CLASSES);
    assertBroken(Rules.doesNotKnow(UNARY, WIRE), CLASSES);
  }

  @Test
  void transport_knowsNothingElseOfTheServer() {
    Rules.doesNotKnow(TRANSPORT, ROOT, CONFIG, METRICS, SERVICES).check(CLASSES);
    assertBroken(Rules.doesNotKnow(ROOT, TRANSPORT), CLASSES);
    assertBroken(Rules.doesNotKnow(CONFIG, TRANSPORT), CLASSES);
  }

  @Test
  void rules_knowNothingButConfiguration_andIdentityKnowsRulesAndTransport() {
    Rules.doesNotKnow(SECURITY, ROOT, IDENTITY, METRICS, TRANSPORT, SERVICES).check(CLASSES);
    Rules.doesNotKnow(IDENTITY, ROOT, METRICS, SERVICES).check(CLASSES);
    assertBroken(Rules.doesNotKnow(IDENTITY, SECURITY), CLASSES);
    assertBroken(Rules.doesNotKnow(ROOT, IDENTITY), CLASSES);
  }

  @Test
  void configuration_knowsLimitsOnly() {
    Rules.doesNotKnow(CONFIG, ROOT, METRICS, SERVICE, UNARY, SESSION, WATCH, GRANT, CALL, WIRE)
        .check(CLASSES);
    assertBroken(Rules.doesNotKnow(CONFIG, LIMIT), CLASSES);
  }
}
