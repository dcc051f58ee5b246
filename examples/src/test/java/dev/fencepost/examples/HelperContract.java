package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a helper in any language must do, against a real server, through a proxy that has faults.
 */
abstract class HelperContract {

  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  static final Path PROTOS = ROOT.resolve("lock-proto/src/main/proto");

  private static final int TOGETHER = 50;

  @TempDir static Path data;
  private static ServerProcess server;

  private TcpProxy proxy;
  private HelperProgram program;
  private String lock;

  /** Starts the program of the language. */
  abstract HelperProgram start(String target) throws IOException;

  /** Runs the example; answers what it printed. */
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
    String token = program.ask("acquire " + lock + " 5000 0", "granted");
    assertThat(token).isEqualTo(Long.toString(holderToken()));
    assertThat(program.ask("held", "held")).isEqualTo("true");
    assertThat(server.acquire(lock, 0).getNotGranted().getReason())
        .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    assertThat(program.ask("release", "released")).isEqualTo("RELEASED");
    assertThat(program.ask("held", "held")).isEqualTo("false");
    assertThat(server.acquire(lock, 0).hasGranted()).isTrue();
    program.tell("acquire " + lock + " 5000 300");
    program.awaitLine("refused");
  }

  @Test
  void example_runs() throws Exception {
    assertThat(runExample("127.0.0.1:" + server.port()))
        .containsPattern("writing with token \\d{19}\\s+RELEASED");
  }

  @Test
  void tokensThatDifferByOne_areToldApart() {
    long token = Long.parseLong(program.ask("acquire " + lock + " 30000 0", "granted"));
    assertThat(token).isGreaterThan(1L << 53);
    assertThat(program.ask("advance " + lock + " " + (token + 1), "advanced")).isEqualTo("true");
    assertThat(program.ask("advance " + lock, "advanced")).isEqualTo("false");
    assertThat(program.ask("advance " + lock + " " + (token + 1), "advanced")).isEqualTo("true");
  }

  @Test
  void lock_isKeptForLongerThanItsLease() {
    String token = program.ask("acquire " + lock + " 2000 0", "granted");
    // In line behind it for more than two leases.
    assertThat(server.acquire(lock, 5).hasGranted()).isFalse();
    assertThat(program.ask("held", "held")).isEqualTo("true");
    assertThat(Long.toString(holderToken())).isEqualTo(token);
  }

  @Test
  void holderStoppedPastItsLease_knowsAtOnce_isTold_andIsFenced() throws Exception {
    program.ask("acquire " + lock + " 2000 0", "granted");
    program.ask("held", "held");
    program.pause();
    long newer = server.acquire(lock, 60).getGranted().getFencingToken();
    program.resume();
    assertThat(program.ask("held", "held")).isEqualTo("false");
    assertThat(program.ask("advance " + lock + " " + newer, "advanced")).isEqualTo("true");
    assertThat(program.ask("advance " + lock, "advanced")).isEqualTo("false");
    assertThat(program.ask("release", "released")).isIn("NOT_HELD", "UNKNOWN");
    assertThat(holderToken()).isEqualTo(newer);
  }

  @Test
  void holderStoppedPastItsLease_isTold() throws Exception {
    program.ask("acquire " + lock + " 2000 0", "granted");
    program.pause();
    server.acquire(lock, 60);
    program.resume();
    assertThat(program.awaitLine("lost")).isIn("EXPIRED", "SUPERSEDED");
  }

  @Test
  void lostReplyToAcquire_isAskedAgain_andIsTheSameGrant() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.tell("acquire " + lock + " 20000 30000");
    await().until(() -> server.lock(lock).getHoldersCount() == 1);
    long granted = holderToken();
    proxy.resume();
    assertThat(program.awaitLine("granted")).isEqualTo(Long.toString(granted));
    assertThat(program.ask("held", "held")).isEqualTo("true");
    assertThat(program.ask("release", "released")).isEqualTo("RELEASED");
  }

  @Test
  void lostReplyToRelease_isAskedAgain_andTheLockIsFree() {
    program.ask("acquire " + lock + " 20000 0", "granted");
    proxy.swallow(Direction.ANSWERS);
    program.tell("release");
    await().until(() -> server.lock(lock).getHoldersCount() == 0);
    long next = server.acquire(lock, 0).getGranted().getFencingToken();
    proxy.resume();
    assertThat(program.awaitLine("released")).isEqualTo("NOT_HELD");
    assertThat(holderToken()).as("a repeated release frees nothing newer").isEqualTo(next);
  }

  @Test
  void lostRepliesToRenewals_areSurvived_whileTheLeaseLasts() {
    program.ask("acquire " + lock + " 10000 0", "granted");
    proxy.swallow(Direction.ANSWERS);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> server.lock(lock).getHolders(0).getRemainingAtMost().getSeconds() < 7);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> server.lock(lock).getHolders(0).getRemainingAtMost().getSeconds() >= 8);
    proxy.resume(); // A renewal has reached the store, and its answer was lost.
    assertThat(server.acquire(lock, 12).hasGranted()).isFalse();
    assertThat(program.ask("held", "held")).isEqualTo("true");
  }

  @Test
  void serverThatIsGone_meansLost_beforeTheLeaseIsOver() {
    program.ask("acquire " + lock + " 2000 0", "granted");
    proxy.refuse();
    assertThat(program.awaitLine("lost")).isEqualTo("EXPIRED");
    assertThat(server.lock(lock).getHoldersCount()).as("the store still counts").isBetween(0, 1);
    assertThat(program.ask("held", "held")).isEqualTo("false");
  }

  @Test
  void acquireThatIsGivenUp_leavesNothingBehind() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.tell("acquire " + lock + " 30000 0");
    await().until(() -> server.lock(lock).getHoldersCount() == 1);
    assertThat(program.awaitFailure()).isNotEmpty();
    await().until(() -> server.lock(lock).getHoldersCount() == 0);
  }

  /** A connection that carries nothing any more, and says nothing of it. */
  @Test
  void serverThatFallsSilent_costsNothingWhileAnotherAnswers() throws IOException {
    program.close();
    try (TcpProxy other = new TcpProxy(server.port())) {
      program = start("127.0.0.1:" + proxy.port() + ",127.0.0.1:" + other.port());
      program.ask("acquire " + lock + " 6000 0", "granted");
      proxy.swallow(Direction.REQUESTS);
      proxy.swallow(Direction.ANSWERS);
      assertThat(server.acquire(lock, 9).hasGranted()).as("two leases later").isFalse();
      assertThat(program.ask("held", "held")).isEqualTo("true");
      assertThat(program.ask("release", "released")).isEqualTo("RELEASED");
    }
  }

  /** As a stopped process does: the machine accepts the connection, and nobody speaks. */
  @Test
  void serverThatNeverSpeaks_isLeftForTheNext() throws IOException {
    program.close();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      program = start("127.0.0.1:" + silent.getLocalPort() + ",127.0.0.1:" + proxy.port());
      program.ask("acquire " + lock + " 5000 600000", "granted");
      assertThat(program.ask("held", "held")).isEqualTo("true");
      assertThat(program.ask("release", "released")).isEqualTo("RELEASED");
    }
  }

  /** Their releases are sent while the connection is busy with one another's. */
  @Test
  void acquiresThatAreGivenUpTogether_leaveNothingBehind() {
    connect();
    proxy.swallow(Direction.ANSWERS);
    program.tell("acquire-together " + lock + " " + TOGETHER + " 30000");
    await().until(() -> holders() == TOGETHER);
    assertThat(program.awaitLine("given-up")).isEqualTo(Long.toString(TOGETHER));
    await().until(() -> holders() == 0);
  }

  /** So that what is asked next arrives even if no answer comes back. */
  private void connect() {
    program.ask("acquire " + lock + "/first 2000 0", "granted");
    program.ask("release", "released");
  }

  /** How many of the locks that were asked for together are held. */
  private long holders() {
    return IntStream.range(0, TOGETHER)
        .filter(number -> server.lock(lock + "/" + number).getHoldersCount() == 1)
        .count();
  }

  private long holderToken() {
    return server.lock(lock).getHolders(0).getFencingToken();
  }
}
