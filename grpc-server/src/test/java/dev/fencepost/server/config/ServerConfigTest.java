package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.CoordinatorSettings.Most;
import dev.fencepost.server.service.limit.LimitSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerConfigTest {
  @TempDir private Path folder;

  @Test
  void nothingSet_isTheDefaults() {
    ServerConfig config = ServerConfig.load(Map.of(), Map.of());

    assertThat(config.store().uri()).isEqualTo("h2:./fencepost-data");
    assertThat(config.store().options()).isEmpty();
    assertThat(config.endpoints().listen()).isEqualTo(new HostPort("127.0.0.1", 7420));
    assertThat(config.endpoints().http()).contains(new HostPort("127.0.0.1", 7421));
    assertThat(config.endpoints().advertise()).isEmpty();
    assertThat(config.leases().defaultTtl()).isEqualTo(Duration.ofSeconds(15));
    assertThat(config.leases().maxTtl()).isEqualTo(Duration.ofMinutes(10));
    assertThat(config.leases().maxWait()).isEqualTo(Duration.ofHours(24));
    LimitSettings clients = config.limits().clients();
    assertThat(clients.memoryBytes())
        .isCloseTo(Runtime.getRuntime().maxMemory() / 2, Offset.offset(100L));
    CoordinatorSettings waiting = config.limits().waiting();
    assertThat(waiting.maxRun()).isEqualTo(CoordinatorSettings.DEFAULT.maxRun());
    assertThat(waiting.maxWaitersPerLock()).isEqualTo(100_000);
    assertThat(waiting.perClient().waiters()).isEqualTo(100_000);
    assertThat(waiting.inAll()).isEqualTo(new Most(500_000, clients.waitingBytes()));
    assertThat(config.limits().messageBytes()).isEqualTo(65_536);
    assertThat(config.connections().maxAge()).isEmpty();
    assertThat(config.log())
        .isEqualTo(new ServerConfig.Log(ServerConfig.Log.Format.TEXT, ServerConfig.Log.Level.INFO));
    assertThat(config.reflection()).isFalse();
  }

  @Test
  void flag_outranksEnvironment_outranksFile_outranksDefault() throws IOException {
    Path file =
        write(
            "lease:",
            "  default-ttl: 21s",
            "  max-ttl: 31m",
            "limits.max-wait: 1h",
            "drain-timeout: 11s");
    Map<String, String> environment =
        Map.of("FENCEPOST_LEASE_DEFAULT_TTL", "22s", "FENCEPOST_LEASE_MAX_TTL", "32m");

    ServerConfig config =
        ServerConfig.load(
            Map.of("config", file.toString(), "lease.default-ttl", "23s"), environment);

    assertThat(config.leases().defaultTtl()).isEqualTo(Duration.ofSeconds(23));
    assertThat(config.leases().maxTtl()).isEqualTo(Duration.ofMinutes(32));
    assertThat(config.leases().maxWait()).isEqualTo(Duration.ofHours(1));
    assertThat(config.drainTimeout()).isEqualTo(Duration.ofSeconds(11));
    assertThat(config.store().callTimeout()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void storeOptions_comeFromAllThreeSources() throws IOException {
    Path file = write("store-options:", "  batch-size: 5", "  queue: 7");

    ServerConfig config =
        ServerConfig.load(
            Map.of("config", file.toString(), "store-options.queue", "9"),
            Map.of("FENCEPOST_STORE_OPTIONS_PURGE_AFTER", "2d"));

    assertThat(config.store().options())
        .isEqualTo(Map.of("batch-size", "5", "queue", "9", "purge-after", "2d"));
  }

  @Test
  void fileNamedByTheEnvironment_isRead() throws IOException {
    Path file = write("reflection: true");

    assertThat(
            ServerConfig.load(Map.of(), Map.of("FENCEPOST_CONFIG", file.toString())).reflection())
        .isTrue();
  }

  @Test
  void everyFault_isReportedAtOnceWithItsPlace() throws IOException {
    Path file =
        write(
            "# a comment",
            "lease:",
            "  max-ttl: 5x",
            "  defualt-ttl: 15s",
            "limits:",
            "  open-calls: many",
            "listen: nowhere");

    List<ConfigProblem> problems =
        problems(
            Map.of("config", file.toString(), "log.format", "xml", "no-such", "x"),
            Map.of("FENCEPOST_REFLECTION", "maybe", "FENCEPOST_LEESE", "1"));

    assertThat(problems)
        .extracting(ConfigProblem::key)
        .containsExactlyInAnyOrder(
            "lease.max-ttl",
            "lease.defualt-ttl",
            "limits.open-calls",
            "listen",
            "log.format",
            "no-such",
            "reflection",
            "FENCEPOST_LEESE");
    assertThat(problem(problems, "lease.max-ttl").toString())
        .isEqualTo(
            "lease.max-ttl: \"5x\" (expected: a number and a unit: 250ms, 1.5s, 10m, 24h, 7d) in "
                + file
                + ":3");
    assertThat(problem(problems, "lease.defualt-ttl").expected())
        .contains("did you mean lease.default-ttl?");
    assertThat(problem(problems, "limits.open-calls").source()).isEqualTo(file + ":6");
    assertThat(problem(problems, "log.format").source()).isEqualTo("flag --log.format");
    assertThat(problem(problems, "log.format").expected()).isEqualTo("one of text, json");
    assertThat(problem(problems, "reflection").source())
        .isEqualTo("environment variable FENCEPOST_REFLECTION");
  }

  @ParameterizedTest
  @CsvSource({
    "lease.max-ttl, 25h, 2s–24h",
    "lease.max-ttl, 1s, 2s–24h",
    "lease.default-ttl, 11m, 'at most lease.max-ttl, which is 10m'",
    "limits.max-wait, 2d, 0s–24h",
    "limits.message-bytes, 100, '8192–4194304'",
    "limits.waiters, 0, a whole number",
    "limits.waiters, 99999999999, a whole number",
    "store-call-timeout, 10ms, 100ms–1m",
    "connection.max-age, never, a number and a unit",
    "listen, 7420, host:port",
    "listen, 127.0.0.1:99999, a port of 0–65535",
    "listen, ::1:7420, host:port",
    "reflection, yes, true or false"
  })
  void valueOutOfRange_isRefusedWithTheRange(String key, String value, String expected) {
    List<ConfigProblem> problems = problems(Map.of(key, value), Map.of());

    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).key()).isEqualTo(key);
    assertThat(problems.get(0).value()).isEqualTo("\"" + value + "\"");
    assertThat(problems.get(0).expected()).contains(expected);
  }

  @Test
  void brokenYaml_namesFileLineAndColumn() throws IOException {
    Path file = write("lease:", "  max-ttl: \"5m", "listen: 127.0.0.1:1");

    List<ConfigProblem> problems = problems(Map.of("config", file.toString()), Map.of());

    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).expected()).isEqualTo("well-formed YAML");
    assertThat(problems.get(0).source()).matches(".*fencepost.yaml:\\d+:\\d+");
  }

  @Test
  void yamlThatIsNoMapOfValues_isRefusedWithItsLine() throws IOException {
    Path file = write("lease:", "  max-ttl: [1, 2]", "listen: 127.0.0.1:1", "listen: 127.0.0.1:2");

    List<ConfigProblem> problems = problems(Map.of("config", file.toString()), Map.of());

    assertThat(problems)
        .extracting(ConfigProblem::source)
        .containsExactly(file + ":2", file + ":4");
    assertThat(problems.get(1).expected()).isEqualTo("given once; see line 3");
  }

  @Test
  void missingFile_isNamed() {
    String path = folder.resolve("none.yaml").toString();

    List<ConfigProblem> problems = problems(Map.of("config", path), Map.of());

    assertThat(problems.get(0).toString())
        .isEqualTo("config: there is none (expected: a readable YAML file) in " + path);
  }

  @Test
  void emptyFileAndEmptyVariables_changeNothing() throws IOException {
    Path file = write("", "# nothing", "lease:", "store:");

    ServerConfig config =
        ServerConfig.load(Map.of("config", file.toString()), Map.of("FENCEPOST_STORE", ""));

    assertThat(config).isEqualTo(ServerConfig.load(Map.of(), Map.of()));
  }

  @Test
  void variablesOfClientsAndOrchestrators_areNotOurs() {
    ServerConfig config =
        ServerConfig.load(
            Map.of(),
            Map.of(
                "FENCEPOST_LOCK", "a",
                "FENCEPOST_CLAIM", "b",
                "FENCEPOST_TOKEN", "1",
                "FENCEPOST_SERVER", "h:1",
                "FENCEPOST_CONTEXT", "prod",
                "FENCEPOST_TOKEN_FILE", "/etc/token",
                "FENCEPOST_PORT", "tcp://10.0.0.1:7420",
                "FENCEPOST_PORT_7420_TCP_ADDR", "10.0.0.1",
                "FENCEPOST_SERVICE_HOST", "10.0.0.1",
                "FENCEPOST_SERVICE_PORT_GRPC", "7420"));

    assertThat(config).isEqualTo(ServerConfig.load(Map.of(), Map.of()));
  }

  @Test
  void variablesThatKubernetesSetsForAnyServiceBesideIt_areNotOurs() {
    Map<String, String> environment = new HashMap<>();
    for (String service : List.of("FENCEPOST", "FENCEPOST_REDIS", "FENCEPOST_MY_DB_2")) {
      environment.put(service + "_SERVICE_HOST", "10.0.0.1");
      environment.put(service + "_SERVICE_PORT", "6379");
      environment.put(service + "_SERVICE_PORT_REDIS_TLS", "6380");
      environment.put(service + "_PORT", "tcp://10.0.0.1:6379");
      environment.put(service + "_PORT_6379_TCP", "tcp://10.0.0.1:6379");
      environment.put(service + "_PORT_6379_TCP_PROTO", "tcp");
      environment.put(service + "_PORT_6379_TCP_PORT", "6379");
      environment.put(service + "_PORT_6379_TCP_ADDR", "10.0.0.1");
      environment.put(service + "_PORT_53_UDP", "udp://10.0.0.1:53");
    }

    assertThat(ServerConfig.load(Map.of(), environment))
        .isEqualTo(ServerConfig.load(Map.of(), Map.of()));
  }

  @ParameterizedTest
  @CsvSource({
    "FENCEPOST_TOKEN_PATH, /etc/token",
    "FENCEPOST_NAMESPACE, prod",
    "FENCEPOST_TIMEOUT, 3s",
    "FENCEPOST_OUTPUT, json",
    "FENCEPOST_HOME, /opt/fencepost",
    "FENCEPOST_PORT, 7420",
    "FENCEPOST_PORTS, 7420",
    "FENCEPOST_HTTP_PORT, 7421"
  })
  void variableThatWouldDoNothing_isRefused(String variable, String value) {
    assertThat(problems(Map.of(), Map.of(variable, value)))
        .extracting(ConfigProblem::key)
        .containsExactly(variable);
  }

  @Test
  void secretsInFaults_areMasked() {
    List<ConfigProblem> problems =
        problems(
            Map.of("sotre", "jdbc:postgresql://u:hunter2@h/db?password=hunter2", "passwort", "x"),
            Map.of("FENCEPOST_DB_PASSWORD", "hunter2"));

    assertThat(problems).hasSize(3);
    assertThat(problems.toString()).doesNotContain("hunter2");
  }

  private Path write(String... lines) throws IOException {
    return Files.write(folder.resolve("fencepost.yaml"), List.of(lines));
  }

  private static List<ConfigProblem> problems(
      Map<String, String> flags, Map<String, String> environment) {
    return catchThrowableOfType(ConfigException.class, () -> ServerConfig.load(flags, environment))
        .problems();
  }

  private static ConfigProblem problem(List<ConfigProblem> problems, String key) {
    return problems.stream().filter(each -> each.key().equals(key)).findFirst().orElseThrow();
  }
}
