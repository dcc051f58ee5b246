package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tests that a helper in any language must pass, with a real server and a proxy that makes
 * faults.
 */
abstract class HelperContract {

  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  static final Path PROTOS = ROOT.resolve("lock-proto/src/main/proto");

  private static final int CLAIMS = 50;

  @TempDir static Path data;
  private static ServerProcess server;

  private TcpProxy proxy;
  private HelperProgram program;
  private String lock;

  /** Starts the test program in the language of the helper. */
  abstract HelperProgram start(String target, Map<String, String> environment) throws IOException;

  private HelperProgram start(String target) throws IOException {
    return start(target, Map.of());
  }

  /** Runs the example and returns its output. */
  abstract String runExample(String target) throws IOException, InterruptedException;

  @BeforeAll
  static void startServer() {
    server = new ServerProcess(data);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  final void startProgram(TestInfo test) throws IOException {
    lock = test.getTestMethod().orElseThrow().getName();
    proxy = new TcpProxy(server.port());
    program = start("127.0.0.1:" + proxy.port());
  }

  @AfterEach
  final void stopProgram() {
    program.close();
    proxy.close();
  }

  @Test
  void lock_isTaken_refusedToOthers_andGivenBack() {
    String token = program.request("acquire " + lock + " 5000 0", "granted");
    assertThat(token).isEqualTo(Long.toString(holderToken()));
    assertThat(program.request("held", "held")).isEqualTo("true");
    assertThat(server.acquire(lock, 0).getNotGranted().getReason())
        .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    assertThat(program.request("release", "released")).isEqualTo("RELEASED");
    assertThat(program.request("held", "held")).isEqualTo("false");
    assertThat(server.acquire(lock, 0).hasGranted()).isTrue();
    program.send("acquire " + lock + " 5000 300");
    program.awaitLine("refused");
  }

  @Test
  void tls_showsItsCertificateAndFollowsItsExchange(@TempDir Path files) throws Exception {
    TestAuthority authority = TestAuthority.create("authority");
    TestAuthority next = TestAuthority.create("next authority");
    Path trusted = files.resolve("clients.pem");
    TestCertificate.replace(files.resolve("ca.pem"), authority.certificate());
    TestCertificate.replace(trusted, authority.certificate() + next.certificate());
    authority.issue(Purpose.SERVER, "locks", "IP:127.0.0.1").write(files, "server");
    authority.issue(Purpose.CLIENT, "orders").write(files, "orders");
    next.issue(Purpose.CLIENT, "direct").write(files, "direct");
    try (ServerProcess secure =
            new ServerProcess(
                data.resolve(lock),
                Optional.of(context(files)),
                "--tls.certificate=" + files.resolve("server.pem"),
                "--tls.key=" + files.resolve("server.key"),
                "--tls.client-ca=" + trusted);
        HelperProgram client = start(secure.address(), environment(files, "orders"))) {
      client.request("acquire " + lock + " 10000 0", "granted");

      next.issue(Purpose.CLIENT, "orders").write(files, "orders");
      // Cuts the connection of the old certificate, so renewals need the new one.
      TestCertificate.replace(trusted, next.certificate());

      assertThat(secure.acquire(lock, 12).hasNotGranted()).isTrue();
      assertThat(client.request("held", "held")).isEqualTo("true");
      assertThat(client.request("release", "released")).isEqualTo("RELEASED");
    }
  }

  private static SSLContext context(Path files) throws TlsFileException {
    return new TlsFiles(
            Optional.of(files.resolve("direct.pem")),
            Optional.of(files.resolve("direct.key")),
            Optional.of(files.resolve("ca.pem")))
        .load()
        .newContext();
  }

  private static Map<String, String> environment(Path files, String name) {
    return Map.of(
        "TRIAL_CA", files.resolve("ca.pem").toString(),
        "TRIAL_CERT", files.resolve(name + ".pem").toString(),
        "TRIAL_KEY", files.resolve(name + ".key").toString());
  }

  @Test
  void example_runs() throws Exception {
    assertThat(runExample("127.0.0.1:" + server.port()))
        .containsPattern("writing with token \\d{19}\\s+RELEASED");
  }

  @Test
  void tokensThatDifferByOne_areToldApart() {
    long token = Long.parseLong(program.request("acquire " + lock + " 30000 0", "granted"));
    assertThat(token).isGreaterThan(1L << 53);
    assertThat(program.request("advance " + lock + " " + (token + 1), "advanced"))
        .isEqualTo("true");
    assertThat(program.request("advance " + lock, "advanced")).isEqualTo("false");
    assertThat(program.request("advance " + lock + " " + (token + 1), "advanced"))
        .isEqualTo("true");
  }

  @Test
  void lock_isKeptForLongerThanItsLease() {
    String token = program.request("acquire " + lock + " 2000 0", "granted");
    // Waits in the queue behind it for more than two leases.
    assertThat(server.acquire(lock, 5).hasGranted()).isFalse();
    assertThat(program.request("held", "held")).isEqualTo("true");
    assertThat(Long.toString(holderToken())).isEqualTo(token);
  }

  @Test
  void holderStoppedPastItsLease_knowsAtOnce_isTold_andIsFenced() throws Exception {
    program.request("acquire " + lock + " 2000 0", "granted");
    program.request("held", "held");
    program.pause();
    long newer = server.acquire(lock, 60).getGranted().getFencingToken();
    program.resume();
    assertThat(program.request("held", "held")).isEqualTo("false");
    assertThat(program.request("advance " + lock + " " + newer, "advanced")).isEqualTo("true");
    assertThat(program.request("advance " + lock, "advanced")).isEqualTo("false");
    assertThat(program.request("release", "released")).isIn("NOT_HELD", "UNKNOWN");
    assertThat(holderToken()).isEqualTo(newer);
  }

  @Test
  void holderStoppedPastItsLease_isTold() throws Exception {
    program.request("acquire " + lock + " 2000 0", "granted");
    program.pause();
    server.acquire(lock, 60);
    program.resume();
    assertThat(program.awaitLine("lost")).isIn("EXPIRED", "SUPERSEDED");
  }

  @Test
  void lostReplyToAcquire_isAskedAgain_andIsTheSameGrant() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.send("acquire " + lock + " 20000 30000");
    await().until(() -> server.lock(lock).getHoldersCount() == 1);
    long granted = holderToken();
    proxy.resume();
    assertThat(program.awaitLine("granted")).isEqualTo(Long.toString(granted));
    assertThat(program.request("held", "held")).isEqualTo("true");
    assertThat(program.request("release", "released")).isEqualTo("RELEASED");
  }

  @Test
  void lostReplyToRelease_isAskedAgain_andTheLockIsFree() {
    program.request("acquire " + lock + " 20000 0", "granted");
    proxy.swallow(Direction.ANSWERS);
    program.send("release");
    await().until(() -> server.lock(lock).getHoldersCount() == 0);
    long next = server.acquire(lock, 0).getGranted().getFencingToken();
    proxy.resume();
    assertThat(program.awaitLine("released")).isEqualTo("NOT_HELD");
    assertThat(holderToken()).as("a repeated release frees nothing newer").isEqualTo(next);
  }

  @Test
  void lostRepliesToRenewals_areSurvived_whileTheLeaseLasts() {
    program.request("acquire " + lock + " 10000 0", "granted");
    proxy.swallow(Direction.ANSWERS);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> server.lock(lock).getHolders(0).getRemainingAtMost().getSeconds() < 7);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> server.lock(lock).getHolders(0).getRemainingAtMost().getSeconds() >= 8);
    proxy.resume(); // A renewal has reached the store, but its answer was lost.
    assertThat(server.acquire(lock, 12).hasGranted()).isFalse();
    assertThat(program.request("held", "held")).isEqualTo("true");
  }

  @Test
  void serverThatIsGone_meansLost_beforeTheLeaseIsOver() {
    program.request("acquire " + lock + " 2000 0", "granted");
    proxy.refuse();
    assertThat(program.awaitLine("lost")).isEqualTo("EXPIRED");
    assertThat(server.lock(lock).getHoldersCount()).as("the store still counts").isBetween(0, 1);
    assertThat(program.request("held", "held")).isEqualTo("false");
  }

  @Test
  void acquireThatIsGivenUp_leavesNothingBehind() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.send("acquire " + lock + " 30000 0");
    await().until(() -> server.lock(lock).getHoldersCount() == 1);
    assertThat(program.awaitFailure()).isNotEmpty();
    await().until(() -> server.lock(lock).getHoldersCount() == 0);
  }

  /** A connection that drops everything without an error. */
  @Test
  void serverThatFallsSilent_costsNothingWhileAnotherAnswers() throws IOException {
    program.close();
    try (TcpProxy other = new TcpProxy(server.port())) {
      program = start("127.0.0.1:" + proxy.port() + ",127.0.0.1:" + other.port());
      program.request("acquire " + lock + " 6000 0", "granted");
      proxy.swallow(Direction.REQUESTS);
      proxy.swallow(Direction.ANSWERS);
      assertThat(server.acquire(lock, 9).hasGranted()).as("two leases later").isFalse();
      assertThat(program.request("held", "held")).isEqualTo("true");
      assertThat(program.request("release", "released")).isEqualTo("RELEASED");
    }
  }

  /** Like a stopped process: the connection is accepted, but nothing is sent. */
  @Test
  void serverThatNeverSpeaks_isLeftForTheNext() throws IOException {
    program.close();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      program = start("127.0.0.1:" + silent.getLocalPort() + ",127.0.0.1:" + proxy.port());
      program.request("acquire " + lock + " 5000 600000", "granted");
      assertThat(program.request("held", "held")).isEqualTo("true");
      assertThat(program.request("release", "released")).isEqualTo("RELEASED");
    }
  }

  /** Their releases are sent while the connection is busy with the other releases. */
  @Test
  void acquiresThatAreGivenUpTogether_leaveNothingBehind() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.send("acquire-together " + lock + " " + CLAIMS + " 30000");
    await().until(() -> holders() == CLAIMS);
    assertThat(program.awaitLine("given-up")).isEqualTo(Long.toString(CLAIMS));
    await().until(() -> holders() == 0);
  }

  /** Connects the program, so that its next call arrives even if no answer comes back. */
  private void connect() {
    program.request("acquire " + lock + "/first 2000 0", "granted");
    program.request("release", "released");
  }

  /** The number of the locks of {@code acquire-together} that are held. */
  private long holders() {
    return IntStream.range(0, CLAIMS)
        .filter(number -> server.lock(lock + "/" + number).getHoldersCount() == 1)
        .count();
  }

  private long holderToken() {
    return server.lock(lock).getHolders(0).getFencingToken();
  }
}
