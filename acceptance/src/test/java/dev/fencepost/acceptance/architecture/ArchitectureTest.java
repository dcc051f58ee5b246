package dev.fencepost.acceptance.architecture;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.fencepost.lock.spi.LockBackendProvider;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Arrows go down only. Each rule is shown to fail where it is not kept. */
class ArchitectureTest {

  private static final String API = "dev.fencepost.lock..";
  private static final String CORE = "dev.fencepost.core..";
  private static final String PROTO = "dev.fencepost.proto..";
  private static final String BACKENDS = "dev.fencepost.backend..";
  private static final String BACKEND_ROOTS = "dev.fencepost.backend.*";
  private static final String SERVER = "dev.fencepost.server..";
  private static final String CLIENT = "dev.fencepost.client..";
  private static final String CLIENT_TYPES = "dev.fencepost.client";
  private static final String CLIENT_BUILDER = "dev.fencepost.client.ClientBuilder";
  private static final String CLIENT_MACHINE = "dev.fencepost.client.internal..";
  private static final String CLIENT_LOCK = "dev.fencepost.client.internal.lock..";
  private static final String CLIENT_TRANSPORT = "dev.fencepost.client.internal.transport..";
  private static final String CLIENT_TIME = "dev.fencepost.client.internal.time..";
  private static final String FENCE = "dev.fencepost.fence..";
  private static final String CLI = "dev.fencepost.cli..";
  private static final String CLI_COMMAND = "dev.fencepost.cli.command..";
  private static final String CLI_RUN = "dev.fencepost.cli.run..";
  private static final String CLI_REMOTE = "dev.fencepost.cli.remote..";
  private static final String CLI_CONSOLE = "dev.fencepost.cli.console..";
  private static final String TESTKIT = "dev.fencepost.testkit..";
  private static final String SERVER_ENTRY = "dev.fencepost.cli.command.ServerEntry";
  private static final String GRPC = "io.grpc..";

  /** Who may read a wall clock, stop a thread or end the process, and why. */
  private static final Map<String, String> UNCONTROLLED =
      Map.ofEntries(
          entry(
              "dev.fencepost.backend.etcd.EtcdBackendProvider",
              "etcd has no clock: the base of tokens begins at this machine's"),
          entry(
              "dev.fencepost.backend.jdbc.JdbcBackendProvider",
              "H2 has no clock but this machine's, which is handed to it here"),
          entry(
              "dev.fencepost.backend.redis.RedisBackend",
              "waits for the end of a quiet time, on the thread that opens the store"),
          entry(
              "dev.fencepost.client.internal.time.SuspendAwareClock",
              "a wall clock that ran ahead tells of a suspended machine, and shortens a lease"),
          entry(
              "dev.fencepost.cli.remote.WatchReconnector",
              "pauses before it watches anew, on the thread of the command"),
          entry(
              "dev.fencepost.server.AccessFiles",
              "tokens end by the wall clock, which is handed to their judge here"),
          entry(
              "dev.fencepost.server.FencepostServer",
              "the audit tells the time of day, by the clock that is handed to it here"),
          entry("dev.fencepost.cli.Main", "ends the process with the command's exit code"),
          entry(
              "dev.fencepost.cli.remote.PrefixWatch",
              "pauses between two lists, on the thread of the command"),
          entry(
              "dev.fencepost.cli.remote.ServerPool",
              "pauses between two tries, on the thread of the command"),
          entry(
              "dev.fencepost.cli.remote.LockText",
              "tells people for how long a lock has been held"),
          entry(
              "dev.fencepost.server.ServerMain",
              "a second signal ends a server that does not finish its drain"),
          entry(
              "dev.fencepost.testkit.model.ModelServer",
              "the model's clock is this machine's, as those of stores are"));

  /** All production classes of the repository. */
  static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.fencepost");

  @Test
  void everyModule_isJudged() {
    Set<String> packages = new HashSet<>();
    CLASSES.forEach(each -> packages.add(each.getPackageName()));
    assertThat(packages)
        .contains(
            "dev.fencepost.lock",
            "dev.fencepost.lock.spi",
            "dev.fencepost.lock.tls",
            "dev.fencepost.core",
            "dev.fencepost.proto.v1",
            "dev.fencepost.backend.jdbc",
            "dev.fencepost.backend.jdbc.batch",
            "dev.fencepost.backend.jdbc.connection",
            "dev.fencepost.backend.jdbc.sql",
            "dev.fencepost.backend.redis",
            "dev.fencepost.backend.redis.connection",
            "dev.fencepost.backend.redis.script",
            "dev.fencepost.backend.etcd",
            "dev.fencepost.backend.etcd.rpc",
            "dev.fencepost.backend.zookeeper",
            "dev.fencepost.backend.zookeeper.client",
            "dev.fencepost.backend.zookeeper.lock",
            "dev.fencepost.client",
            "dev.fencepost.client.internal.lock",
            "dev.fencepost.client.internal.transport",
            "dev.fencepost.client.internal.time",
            "dev.fencepost.fence",
            "dev.fencepost.junit",
            "dev.fencepost.liquibase",
            "dev.fencepost.shedlock",
            "dev.fencepost.spring",
            "dev.fencepost.spring.integration",
            "dev.fencepost.server",
            "dev.fencepost.server.service",
            "dev.fencepost.server.service.call",
            "dev.fencepost.server.service.grant",
            "dev.fencepost.server.service.limit",
            "dev.fencepost.server.service.session",
            "dev.fencepost.server.service.unary",
            "dev.fencepost.server.service.watch",
            "dev.fencepost.server.service.wire",
            "dev.fencepost.server.transport",
            "dev.fencepost.cli",
            "dev.fencepost.cli.command",
            "dev.fencepost.cli.console",
            "dev.fencepost.cli.remote",
            "dev.fencepost.cli.run",
            "dev.fencepost.testkit.process");
    assertThat(packages).noneMatch(each -> each.startsWith("dev.fencepost.acceptance"));
  }

  @Test
  void lockApi_knowsNothing() {
    Rules.knowsOnly(API).check(CLASSES);
    assertBroken(Rules.knowsOnly(CORE), CLASSES);
  }

  @Test
  void lockCore_knowsTheApiOnly() {
    Rules.knowsOnly(CORE, API).check(CLASSES);
    assertBroken(Rules.knowsOnly(SERVER, API), CLASSES);
  }

  @Test
  void lockProto_knowsNothingOfOurs() {
    Rules.doesNotKnow(PROTO, API, CORE, BACKENDS, SERVER, CLIENT, CLI, TESTKIT).check(CLASSES);
    assertBroken(Rules.doesNotKnow(PROTO, GRPC), CLASSES);
  }

  @Test
  void backends_knowTheApiOnly() {
    Rules.doesNotKnow(BACKENDS, CORE, PROTO, SERVER, CLIENT, CLI, TESTKIT).check(CLASSES);
    Rules.areStrangers("dev.fencepost.backend.(*)..").check(CLASSES);
    assertBroken(Rules.doesNotKnow(SERVER, CORE, GRPC), CLASSES);
    assertBroken(Rules.areStrangers("dev.fencepost.(*).."), CLASSES);
  }

  @Test
  void backendJdbc_knowsItsOwnLibrariesOnly() {
    String jdbc = "dev.fencepost.backend.jdbc..";
    Rules.knowsOnly(
            jdbc,
            API,
            "com.zaxxer.hikari..",
            "org.flywaydb.core..",
            "org.h2..",
            "org.mariadb.jdbc..",
            "org.postgresql..",
            "org.slf4j..")
        .check(CLASSES);
    assertBroken(Rules.knowsOnly(jdbc, API), CLASSES);
  }

  @Test
  void otherBackends_knowTheirOwnLibrariesOnly() {
    Rules.knowsOnly(
            "dev.fencepost.backend.redis..",
            API,
            "io.lettuce.core..",
            "io.netty..",
            "javax.net.ssl..",
            "org.slf4j..")
        .check(CLASSES);
    Rules.knowsOnly(
            "dev.fencepost.backend.zookeeper..",
            API,
            "org.apache.curator..",
            "org.apache.zookeeper..",
            "org.slf4j..")
        .check(CLASSES);
    // etcd speaks gRPC itself; jetcd has the classes of its messages.
    Rules.knowsOnly(
            "dev.fencepost.backend.etcd..",
            API,
            "io.etcd.jetcd..",
            GRPC,
            "io.netty..",
            "javax.net.ssl..",
            "com.google.protobuf..",
            "com.google.common.util.concurrent..",
            "org.slf4j..")
        .check(CLASSES);
  }

  @Test
  void client_knowsTheWordsAndTheWireOnly() {
    Rules.doesNotKnow(
            CLIENT, CORE, BACKENDS, SERVER, CLI, TESTKIT, FENCE, "dev.fencepost.lock.spi..")
        .check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLIENT, PROTO), CLASSES);
  }

  /** Only the builder starts the machine, and no public signature shows a type of it. */
  @Test
  void clientsPublicTypes_knowTheMachineThroughTheBuilderOnly() {
    Rules.knowsOnlyThrough(CLIENT_BUILDER, CLIENT_TYPES, CLIENT_MACHINE).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLIENT_TYPES, CLIENT_MACHINE), CLASSES);
    Rules.showsNothingOf(CLIENT_MACHINE, CLIENT_TYPES).check(CLASSES);
    assertBroken(Rules.showsNothingOf(CLIENT_TIME, CLIENT_TRANSPORT), CLASSES);
  }

  @Test
  void clientsMachine_hasArrowsDownOnly() {
    Rules.doesNotKnow(CLIENT_TIME, CLIENT_TYPES, CLIENT_TRANSPORT, CLIENT_LOCK, PROTO, GRPC)
        .check(CLASSES);
    Rules.doesNotKnow(CLIENT_TRANSPORT, CLIENT_LOCK).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLIENT_TRANSPORT, CLIENT_TIME), CLASSES);
    assertBroken(Rules.doesNotKnow(CLIENT_LOCK, CLIENT_TRANSPORT), CLASSES);
  }

  /** Nobody outside of the SDK uses anything but its public types. */
  @Test
  void clientsMachine_isUsedByTheClientOnly() {
    Rules.isUsedOnlyBy(CLIENT_MACHINE, CLIENT).check(CLASSES);
    assertBroken(Rules.isUsedOnlyBy(CLIENT_MACHINE, CLIENT_MACHINE), CLASSES);
  }

  /** A fence is at the resource: it needs no server at the moment of the write. */
  @Test
  void fence_knowsTheWordsOnly() {
    Rules.doesNotKnow(
            FENCE, CORE, PROTO, BACKENDS, SERVER, CLIENT, CLI, TESTKIT, "dev.fencepost.lock.spi..")
        .check(CLASSES);
    assertBroken(Rules.doesNotKnow(FENCE, API), CLASSES);
  }

  @Test
  void backend_showsItsProviderOnly() {
    Rules.isKnownOnlyThrough(LockBackendProvider.class, BACKENDS).check(CLASSES);
    Rules.showsOnly(BACKEND_ROOTS, LockBackendProvider.class).check(CLASSES);
    assertThat(providers())
        .containsExactlyInAnyOrder(
            "dev.fencepost.backend.etcd.EtcdBackendProvider",
            "dev.fencepost.backend.jdbc.JdbcBackendProvider",
            "dev.fencepost.backend.redis.RedisBackendProvider",
            "dev.fencepost.backend.zookeeper.ZookeeperBackendProvider");
    assertBroken(Rules.isKnownOnlyThrough(LockBackendProvider.class, API), CLASSES);
    assertBroken(Rules.showsOnly(API, LockBackendProvider.class), CLASSES);
  }

  @Test
  void jdbcPackages_useOneAnotherDownwards() {
    String root = "dev.fencepost.backend.jdbc";
    String sql = "dev.fencepost.backend.jdbc.sql";
    String batch = "dev.fencepost.backend.jdbc.batch";
    String connection = "dev.fencepost.backend.jdbc.connection";
    Rules.doesNotKnow(sql, root).check(CLASSES);
    Rules.doesNotKnow(batch, root, sql).check(CLASSES);
    Rules.doesNotKnow(connection, root, sql, batch).check(CLASSES);
    assertBroken(Rules.doesNotKnow(root, sql), CLASSES);
    assertBroken(Rules.doesNotKnow(sql, batch), CLASSES);
    assertBroken(Rules.doesNotKnow(batch, connection), CLASSES);
  }

  @Test
  void redisPackages_useOneAnotherDownwards() {
    String root = "dev.fencepost.backend.redis";
    String script = "dev.fencepost.backend.redis.script";
    String connection = "dev.fencepost.backend.redis.connection";
    Rules.doesNotKnow(script, root).check(CLASSES);
    Rules.doesNotKnow(connection, root, script).check(CLASSES);
    assertBroken(Rules.doesNotKnow(root, script), CLASSES);
    assertBroken(Rules.doesNotKnow(script, connection), CLASSES);
  }

  @Test
  void etcdPackages_useOneAnotherDownwards() {
    String root = "dev.fencepost.backend.etcd";
    String rpc = "dev.fencepost.backend.etcd.rpc";
    Rules.doesNotKnow(rpc, root).check(CLASSES);
    assertBroken(Rules.doesNotKnow(root, rpc), CLASSES);
  }

  @Test
  void zookeeperPackages_useOneAnotherDownwards() {
    String root = "dev.fencepost.backend.zookeeper";
    String lock = "dev.fencepost.backend.zookeeper.lock";
    String client = "dev.fencepost.backend.zookeeper.client";
    Rules.doesNotKnow(lock, root).check(CLASSES);
    Rules.doesNotKnow(client, root, lock).check(CLASSES);
    assertBroken(Rules.doesNotKnow(root, lock), CLASSES);
    assertBroken(Rules.doesNotKnow(lock, client), CLASSES);
  }

  @Test
  void server_knowsNoStoreAndNoCommand() {
    Rules.doesNotKnow(SERVER, BACKENDS, CLIENT, CLI, TESTKIT).check(CLASSES);
    assertBroken(Rules.doesNotKnow(SERVER, CORE), CLASSES);
  }

  @Test
  void cli_knowsTheServerThroughItsEntryOnly() {
    Rules.knowsOnlyThrough(SERVER_ENTRY, CLI, SERVER).check(CLASSES);
    Rules.doesNotKnow(CLI, CORE, BACKENDS, TESTKIT).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLI, SERVER), CLASSES);
  }

  /** Each package of the command line uses those below it only. */
  @Test
  void cliPackages_useOneAnotherDownwards() {
    String root = "dev.fencepost.cli";
    Rules.doesNotKnow(CLI_CONSOLE, root, CLI_COMMAND, CLI_RUN, CLI_REMOTE).check(CLASSES);
    Rules.doesNotKnow(CLI_REMOTE, root, CLI_COMMAND, CLI_RUN).check(CLASSES);
    Rules.doesNotKnow(CLI_RUN, root, CLI_COMMAND).check(CLASSES);
    Rules.doesNotKnow(CLI_COMMAND, root).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLI_REMOTE, CLI_CONSOLE), CLASSES);
    assertBroken(Rules.doesNotKnow(CLI_RUN, CLI_REMOTE), CLASSES);
    assertBroken(Rules.doesNotKnow(CLI_COMMAND, CLI_RUN), CLASSES);
    assertBroken(Rules.doesNotKnow(root, CLI_COMMAND), CLASSES);
  }

  /** Options, output and exit codes need no connection. */
  @Test
  void cliConsole_callsNoServer() {
    String[] calls = {"dev.fencepost.client..", "io.grpc.stub..", "io.grpc.okhttp.."};
    Rules.doesNotKnow(CLI_CONSOLE, calls).check(CLASSES);
    assertBroken(Rules.doesNotKnow(CLI_REMOTE, calls), CLASSES);
  }

  @Test
  void testkit_knowsTheApiOnly() {
    Rules.doesNotKnow(TESTKIT, CORE, PROTO, BACKENDS, SERVER, CLIENT, CLI).check(CLASSES);
    assertBroken(Rules.doesNotKnow(TESTKIT, API), CLASSES);
  }

  @Test
  void packages_haveNoCycle() {
    Rules.hasNoCyclesBut(CLIENT_BUILDER, CLIENT_MACHINE, "dev.fencepost.(**)").check(CLASSES);
    assertBroken(Rules.hasNoCycles("dev.fencepost.(**)"), CLASSES);
    JavaClasses circle = new ClassFileImporter().importClasses(Optional.class, Stream.class);
    assertBroken(Rules.hasNoCycles("java.(**)"), circle);
  }

  @Test
  void clocksAndThreads_comeFromOutside() {
    Rules.touchesNothingUncontrolled(UNCONTROLLED.keySet()).check(CLASSES);
    assertThat(UNCONTROLLED.keySet())
        .as("whoever is listed needs it")
        .allSatisfy(
            name -> {
              Set<String> others = new HashSet<>(UNCONTROLLED.keySet());
              others.remove(name);
              assertBroken(Rules.touchesNothingUncontrolled(others), CLASSES);
            });
  }

  static void assertBroken(ArchRule rule, JavaClasses classes) {
    assertThat(rule.evaluate(classes).hasViolation()).as("broken: " + rule).isTrue();
  }

  /** The public classes right in the packages of the backends. */
  private static Stream<String> providers() {
    return CLASSES.stream()
        .filter(each -> each.getPackageName().matches("dev\\.fencepost\\.backend\\.\\w+"))
        .filter(JavaClass::isTopLevelClass)
        .filter(each -> each.getModifiers().contains(JavaModifier.PUBLIC))
        .map(JavaClass::getFullName);
  }
}
