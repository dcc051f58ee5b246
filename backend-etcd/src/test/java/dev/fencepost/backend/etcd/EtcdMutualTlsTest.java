package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.replica.OpenReplica;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** An etcd that wants a certificate of its clients, with authorities made here. */
final class EtcdMutualTlsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final String LOOPBACK = "IP:127.0.0.1";
  private static final int THREADS = 8;

  private static final TestAuthority FIRST = TestAuthority.create("first authority");
  private static final TestAuthority SECOND = TestAuthority.create("second authority");

  @TempDir private static Path folder;
  private static EtcdServer etcd;

  @BeforeAll
  static void start() {
    writeAuthorities("clients-ca", FIRST, SECOND);
    FIRST.issue(Purpose.SERVER, "etcd", LOOPBACK).write(folder, "etcd");
    etcd =
        EtcdServer.withTls(
            folder.resolve("etcd.pem"),
            folder.resolve("etcd.key"),
            folder.resolve("clients-ca.pem"));
    etcd.start();
  }

  @AfterAll
  static void stop() {
    etcd.close();
  }

  @BeforeEach
  void write() {
    FIRST.issue(Purpose.SERVER, "etcd", LOOPBACK).write(folder, "etcd");
    FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
    writeAuthorities("ca", FIRST);
  }

  @Test
  void certificatesOfTheAuthority_areAccepted() {
    try (EtcdTestReplica replica = new EtcdTestReplica(etcd.uri("right"), options())) {
      Grant grant = replica.acquire("right");
      assertThat(replica.release(grant)).isEqualTo(new Release.Released());
    }
  }

  @Test
  void etcdOfAnotherAuthority_isRefused() {
    writeAuthorities("ca", SECOND);
    assertThat(refusal(options()))
        .contains("the certificate of the server is of no authority", "store option tls-ca");
  }

  @Test
  void etcdWithAnotherName_isRefusedUnlessTheNameIsGiven() {
    FIRST.issue(Purpose.SERVER, "etcd", "DNS:etcd.internal").write(folder, "etcd");
    assertThat(refusal(options()))
        .contains("the certificate of the server is for another name", "tls-server-name");
    Map<String, String> named = options();
    named.put("tls-server-name", "etcd.internal");
    try (EtcdTestReplica replica = new EtcdTestReplica(etcd.uri("named"), named)) {
      replica.release(replica.acquire("named"));
    }
    named.put("tls-server-name", "other.internal");
    assertThat(refusal(named)).contains("another name", "tls-server-name");
  }

  @Test
  void replicaWithoutACertificate_isRefused() {
    assertThat(refusal(Map.of("tls-ca", folder.resolve("ca.pem").toString())))
        .contains("this client has none", "store options tls-certificate and tls-key");
  }

  @Test
  void replicaOfAnotherAuthority_isRefused() {
    TestAuthority.create("third authority").issue(Purpose.CLIENT, "x").write(folder, "own");
    assertThat(refusal(options())).contains("store options tls-certificate and tls-key");
  }

  @Test
  void certificatesThatHaveEnded_areRefused() {
    FIRST.issueExpired(Purpose.CLIENT, "fencepost").write(folder, "own");
    assertThat(refusal(options()))
        .contains("store option tls-certificate", "own.pem", "the certificate ended at 2021");
    FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
    FIRST.issueExpired(Purpose.SERVER, "etcd", LOOPBACK).write(folder, "etcd");
    assertThat(refusal(options())).contains("the certificate of the server has ended");
  }

  @Test
  void certificatesAndAuthority_areExchangedWithoutAFailedCall() {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    AtomicBoolean isOver = new AtomicBoolean();
    try (TcpProxy proxy = new TcpProxy(etcd.port());
        EtcdTestReplica replica =
            new EtcdTestReplica("etcd://127.0.0.1:" + proxy.port() + "/exchanged", options())) {
      AtomicInteger pairs = new AtomicInteger();
      List<CompletableFuture<Void>> workers =
          IntStream.range(0, THREADS)
              .mapToObj(
                  i ->
                      CompletableFuture.runAsync(
                          () -> {
                            while (!isOver.get()) {
                              usePair(replica, "exchanged/" + i);
                              pairs.incrementAndGet();
                            }
                          },
                          threads))
              .toList();
      exchange(proxy, pairs, () -> writeAuthorities("ca", FIRST, SECOND));
      SECOND.issue(Purpose.SERVER, "etcd", LOOPBACK).write(folder, "etcd");
      TestCertificate own = SECOND.issue(Purpose.CLIENT, "fencepost");
      exchange(proxy, pairs, () -> own.write(folder, "own"));
      exchange(proxy, pairs, () -> writeAuthorities("ca", SECOND));
      isOver.set(true);
      workers.forEach(worker -> answer(worker));
      proxy.reset();
      await()
          .atMost(TIMEOUT)
          .ignoreExceptions()
          .untilAsserted(() -> usePair(replica, "after a new connection"));
    } finally {
      isOver.set(true);
      threads.shutdownNow();
    }
  }

  @Test
  void waiterIsWoken_afterItsConnectionWasExchanged() throws InterruptedException {
    try (TcpProxy proxy = new TcpProxy(etcd.port());
        EtcdTestReplica holder = new EtcdTestReplica(etcd.uri("woken"), options());
        EtcdTestReplica waiter =
            new EtcdTestReplica("etcd://127.0.0.1:" + proxy.port() + "/woken", options())) {
      Grant held = holder.acquire("woken");
      assertThat(waiter.attempt(OpenReplica.claim("woken"), QueueIntent.JOIN))
          .isInstanceOf(Attempt.Busy.class);
      FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
      await("a new connection").atMost(TIMEOUT).until(() -> proxy.connections() > 1);
      await("the end of the former one").atMost(TIMEOUT).until(() -> proxy.connections() == 1);
      assertThat(holder.release(held)).isEqualTo(new Release.Released());
      assertThat(waiter.wakes().poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo(held.ref().lock());
    }
  }

  @Test
  void certificateThatEtcdDoesNotAccept_leavesTheFormerConnectionInUse() {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger("dev.fencepost.backend.etcd.rpc.EtcdMember");
    log.start();
    logger.addAppender(log);
    try (EtcdTestReplica replica = new EtcdTestReplica(etcd.uri("kept"), options())) {
      usePair(replica, "before");
      TestAuthority.create("third authority").issue(Purpose.CLIENT, "x").write(folder, "own");
      await().atMost(TIMEOUT).until(() -> hasLogged(log, "stays in use"));
      usePair(replica, "meanwhile");
      FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
      usePair(replica, "after");
    } finally {
      logger.detachAppender(log);
    }
  }

  private static boolean hasLogged(ListAppender<ILoggingEvent> log, String words) {
    synchronized (log) { // as the appender does
      return log.list.stream().anyMatch(event -> event.getFormattedMessage().contains(words));
    }
  }

  /** Changes files, and waits until calls have gone over a connection made after that. */
  private static void exchange(TcpProxy proxy, AtomicInteger pairs, Runnable change) {
    await("the end of former connections").atMost(TIMEOUT).until(() -> proxy.connections() == 1);
    change.run();
    await("a new connection").atMost(TIMEOUT).until(() -> proxy.connections() > 1);
    int begun = pairs.get();
    await().atMost(TIMEOUT).until(() -> pairs.get() > begun + 10 * THREADS);
  }

  /** Fails if any of its calls does. */
  private static void usePair(EtcdTestReplica replica, String lock) {
    LockBackend backend = replica.backend();
    Grant grant =
        OpenReplica.granted(answer(backend.tryAcquire(OpenReplica.claim(lock), QueueIntent.NONE)));
    assertThat(answer(backend.renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(backend.release(ReleaseCommand.of(grant.ref()))))
        .isEqualTo(new Release.Released());
  }

  private static Map<String, String> options() {
    return new HashMap<>(
        Map.of(
            "tls-ca", folder.resolve("ca.pem").toString(),
            "tls-certificate", folder.resolve("own.pem").toString(),
            "tls-key", folder.resolve("own.key").toString()));
  }

  private static void writeAuthorities(String name, TestAuthority... authorities) {
    StringBuilder all = new StringBuilder();
    for (TestAuthority each : authorities) {
      all.append(each.certificate());
    }
    TestCertificate.replace(folder.resolve(name + ".pem"), all.toString());
  }

  /** Returns the message of the failure to open. */
  private static String refusal(Map<String, String> options) {
    try (LockBackend backend =
        new EtcdBackendProvider()
            .create(new StoreSettings(etcd.uri("refused"), TIMEOUT, options))) {
      Replica self = new Replica(ReplicaId.of(7), "here:1", Replica.Phase.SERVING);
      return catchThrowableOfType(
              StoreConfigurationException.class, () -> answer(backend.open(self, lock -> {})))
          .getMessage();
    }
  }
}
