package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A private etcd, alone or as a member of an {@link EtcdCluster}, from the programs installed on
 * this machine: those in the folder that the environment variable {@code FENCEPOST_ETCD_BIN} names,
 * else those on the PATH.
 */
public final class EtcdServer extends StoreProcess {

  private static final String OVERRIDE = "FENCEPOST_ETCD_BIN";
  private static final String REMEDY =
      "install etcd 3.4 or later (packages etcd-server and etcd-client on Debian and Ubuntu)";
  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(1);

  private final Path programs = ProgramFinder.folderOf("etcd", OVERRIDE, List.of(), REMEDY);
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(PROBE_TIMEOUT).build();
  private final int peerPort = FreePort.next();
  private final int metricsPort = FreePort.next();
  private final String name;
  private final List<String> options;
  private final String scheme;
  private Optional<String> cluster = Optional.empty();
  private int peersPort = peerPort;

  /**
   * A server alone; starts nothing yet.
   *
   * @param options more arguments of the program, for example {@code --quota-backend-bytes=…}
   */
  public EtcdServer(String... options) {
    this("alone", "http", List.of(options));
  }

  EtcdServer(String name) {
    this(name, "http", List.of());
  }

  private EtcdServer(String name, String scheme, List<String> options) {
    super("etcd");
    this.name = name;
    this.scheme = scheme;
    this.options = List.copyOf(options);
  }

  /** A server alone that takes clients by TLS only, with a {@link #certificate()} of its own. */
  public static EtcdServer withTls() {
    return new EtcdServer("alone", "https", List.of("--auto-tls"));
  }

  /**
   * A server alone with this certificate that takes clients with a certificate only. It reads its
   * certificate and key again for each connection, and the authority at its start only.
   *
   * @param clientAuthority PEM file of the authorities of the clients' certificates
   */
  public static EtcdServer withTls(Path certificate, Path key, Path clientAuthority) {
    return new EtcdServer(
        "alone",
        "https",
        List.of(
            "--cert-file=" + certificate,
            "--key-file=" + key,
            "--client-cert-auth",
            "--trusted-ca-file=" + clientAuthority));
  }

  /** One with this server's certificate that wants one of its clients, too. */
  public EtcdServer withTlsBothWays() {
    return withTls(certificate(), certificate().resolveSibling("key.pem"), certificate());
  }

  /** The PEM file of the certificate that it made for itself at its first start. */
  public Path certificate() {
    return data().resolve("fixtures").resolve("client").resolve("cert.pem");
  }

  /** The store URI with a key prefix; the prefix of another test is another store. */
  public String uri(String prefix) {
    return "etcd://127.0.0.1:" + port() + "/" + prefix;
  }

  /** Runs {@code etcdctl} against this server; answers what it prints. */
  public String etcdctl(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                programs.resolve("etcdctl").toString(),
                "--endpoints=127.0.0.1:" + port(),
                "--command-timeout=30s"));
    command.addAll(List.of(arguments));
    return ShellCommands.run(command);
  }

  /** A number that the server shows of itself; 0 if it does not show it. */
  public double metric(String metric) {
    return get("/metrics")
        .lines()
        .filter(line -> line.startsWith(metric + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(metric.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  /** Whether it leads its cluster, as far as it knows. */
  public boolean isLeader() {
    try {
      return metric("etcd_server_is_leader") > 0;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** Writes a snapshot into a file. */
  public void saveSnapshot(Path file) {
    etcdctl("snapshot", "save", file.toString());
  }

  /** Stops the server, replaces all its data by a snapshot, and starts it again. */
  public void restore(Path snapshot) {
    stop();
    deleteData();
    ShellCommands.run(
        List.of(
            programs.resolve("etcdctl").toString(),
            "snapshot",
            "restore",
            snapshot.toString(),
            "--data-dir=" + data(),
            "--name=" + name,
            "--initial-cluster=" + cluster.orElse(member()),
            "--initial-advertise-peer-urls=" + peerUrl()));
    start();
  }

  String member() {
    return name + "=" + peerUrl();
  }

  /** Has the other members come through a proxy; to be called before they join. */
  TcpProxy behindProxy() {
    TcpProxy proxy = new TcpProxy(peerPort);
    peersPort = proxy.port();
    return proxy;
  }

  void join(String members) {
    cluster = Optional.of(members);
  }

  @Override
  protected void prepare() {}

  @Override
  protected List<String> command() {
    String clients = scheme + "://127.0.0.1:" + port();
    List<String> command =
        new ArrayList<>(
            List.of(
                programs.resolve("etcd").toString(),
                "--name=" + name,
                "--data-dir=" + data(),
                "--listen-client-urls=" + clients,
                "--advertise-client-urls=" + clients,
                "--listen-metrics-urls=http://127.0.0.1:" + metricsPort,
                "--listen-peer-urls=http://127.0.0.1:" + peerPort,
                "--initial-advertise-peer-urls=" + peerUrl(),
                "--initial-cluster=" + cluster.orElse(member()),
                "--initial-cluster-token=" + folder().getFileName(),
                "--logger=zap",
                "--log-level=warn"));
    if (cluster.isPresent()) {
      command.removeIf(argument -> argument.startsWith("--initial-cluster-token"));
    }
    command.addAll(options);
    return command;
  }

  @Override
  protected boolean answers() {
    try {
      return get("/health").contains("\"true\"");
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  @Override
  protected String stopSignal() {
    return "TERM";
  }

  private String get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + path))
            .timeout(PROBE_TIMEOUT.multipliedBy(3))
            .build();
    try {
      return http.send(request, BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void deleteData() {
    try (Stream<Path> all = Files.walk(data())) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path data() {
    return folder().resolve("data");
  }

  private String peerUrl() {
    return "http://127.0.0.1:" + peersPort;
  }
}
