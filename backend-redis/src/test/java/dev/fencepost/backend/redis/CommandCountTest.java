package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.model.ModelBackend;
import dev.fencepost.testkit.model.ModelServer;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.RedisClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The number of commands that operations cost Redis, and the keys that they leave behind. */
final class CommandCountTest {
  private static final RedisServer REDIS = new RedisServer("appendonly no");

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void firstAttemptAfterOpeningAnEmptyRedis_isGrantedInEveryBucket() {
    try (TestReplica replica = new TestReplica(database(4))) {
      for (LockName lock : TestReplica.namesInAllBuckets()) {
        replica.acquire(lock.value());
      }
    }
  }

  @Test
  void namesUsedOnce_leaveNoKeysBehind() {
    try (TestReplica replica = new TestReplica(database(5))) {
      await().until(() -> TestReplica.namesInAllBuckets().stream().allMatch(replica::isFree));
      String before = REDIS.cli("-n", "5", "DBSIZE");
      for (int thousand = 0; thousand < 100; thousand++) {
        List<CompletionStage<?>> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
          all.add(
              replica
                  .backend()
                  .tryAcquire(claim("names/" + thousand + "/" + i), QueueIntent.NONE)
                  .thenCompose(
                      got -> replica.backend().release(ReleaseCommand.of(granted(got).ref()))));
        }
        all.forEach(TestReplica::answer);
      }
      assertThat(REDIS.cli("-n", "5", "DBSIZE")).isEqualTo(before);
    }
  }

  @Test
  void commands_areTwoForAPairAndOneForAHandOver() throws Exception {
    try (TestReplica replica = new TestReplica(REDIS.uri());
        Monitor monitor = new Monitor(REDIS.port())) {
      awaitGrant(replica, "monitored");
      monitor.begin();
      for (int i = 0; i < 10; i++) {
        replica.release(replica.acquire("monitored/pair"));
      }
      assertThat(monitor.end("monitored/pair")).hasSize(20);

      Grant first = replica.acquire("monitored/run");
      Claim second = claim("monitored/run");
      Grant held =
          granted(answer(replica.backend().handOver(first.ref(), second, QueueIntent.JOIN)).got());
      monitor.begin(); // Redis knows the script from now on.
      for (int i = 0; i < 10; i++) {
        Claim next = claim("monitored/run");
        held =
            granted(answer(replica.backend().handOver(held.ref(), next, QueueIntent.JOIN)).got());
      }
      assertThat(monitor.end("monitored/run")).hasSize(10);
      assertThat(monitor.everything()).noneMatch(line -> line.contains("PUBLISH"));
    }
  }

  @Test
  void handOverToTheClaimOfAnotherLock_isRefusedAndEndsNothing() {
    try (TestReplica replica = new TestReplica(REDIS.uri())) {
      Grant held = awaitGrant(replica, "handed-over/here");
      Claim elsewhere = claim("handed-over/there");
      assertThatThrownBy(
              () -> answer(replica.backend().handOver(held.ref(), elsewhere, QueueIntent.JOIN)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void notification_goesOnlyToTheReplicaThatIsNext() throws Exception {
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri());
        Monitor monitor = new Monitor(REDIS.port())) {
      Grant held = awaitGrant(a, "told");
      b.attempt(claim("told"), QueueIntent.JOIN);
      monitor.begin();
      a.release(held);
      monitor.end("told");
      assertThat(monitor.everything())
          .filteredOn(line -> line.contains("PUBLISH"))
          .singleElement()
          .asString()
          .contains(b.id().value());
    }
  }

  @Test
  void renewalsOfABucket_areBatched() throws Exception {
    List<String> names = new ArrayList<>();
    for (int i = 0; names.size() < 60; i++) {
      String name = "together/" + i;
      if (RedisSchema.bucketOf(new LockName(name)) == 7) {
        names.add(name);
      }
    }
    try (TestReplica replica = new TestReplica(REDIS.uri());
        Monitor monitor = new Monitor(REDIS.port())) {
      awaitGrant(replica, "together");
      List<Grant> grants = new ArrayList<>();
      for (String name : names) {
        grants.add(awaitGrant(replica, name));
      }
      monitor.begin();
      List<CompletionStage<Renewal>> renewals = new ArrayList<>();
      grants.forEach(grant -> renewals.add(replica.backend().renew(grant.ref())));
      renewals.forEach(each -> assertThat(answer(each)).isInstanceOf(Renewal.Renewed.class));
      assertThat(monitor.end("together/").size()).isLessThan(names.size() / 2);
      GrantRef stranger =
          new GrantRef(
              grants.get(0).ref().lock(),
              grants.get(0).ref().claim(),
              new FencingToken(grants.get(0).token().value() + 1));
      CompletionStage<Renewal> good = replica.backend().renew(grants.get(1).ref());
      assertThat(answer(replica.backend().renew(stranger))).isInstanceOf(Renewal.Lost.class);
      assertThat(answer(good)).isInstanceOf(Renewal.Renewed.class);
    }
  }

  /** The first renewal's lease begins before the later ones were sent, so it is not theirs. */
  @Test
  void simultaneousRenewalsOfOneGrant_areEachCarriedOut() throws Exception {
    try (TestReplica replica = new TestReplica(REDIS.uri());
        Monitor monitor = new Monitor(REDIS.port())) {
      Grant held = awaitGrant(replica, "renewed-often");
      monitor.begin();
      List<CompletionStage<Renewal>> renewals = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        renewals.add(replica.backend().renew(held.ref()));
      }
      renewals.forEach(each -> assertThat(answer(each)).isInstanceOf(Renewal.Renewed.class));
      String claim = held.ref().claim().value();
      long carriedOut =
          monitor.end("renewed-often").stream()
              .mapToLong(line -> line.split(claim, -1).length - 1)
              .sum();
      assertThat(carriedOut).isEqualTo(5);
    }
  }

  @Test
  void moveToAStoreOfAnotherKindAndBack_keepsTokensRising() {
    FencingToken here;
    try (TestReplica redis = new TestReplica(REDIS.uri())) {
      here = awaitGrant(redis, "moved").token();
    }
    FencingToken there;
    try (ModelBackend other = ModelServer.direct().newBackend()) {
      ReplicaId id = ReplicaId.of(1);
      answer(other.open(new Replica(id, "other:1", Replica.Phase.SERVING), lock -> {}));
      there = granted(answer(other.tryAcquire(claim("moved"), QueueIntent.NONE))).token();
    }
    assertThat(there).isGreaterThan(here);
    try (TestReplica back = new TestReplica(database(1))) {
      assertThat(awaitGrant(back, "moved").token()).isGreaterThan(there);
    }
  }

  private static Grant awaitGrant(TestReplica replica, String lock) {
    Claim claim = claim(lock);
    Attempt got =
        await()
            .atMost(Duration.ofSeconds(20))
            .pollInterval(Duration.ofMillis(50))
            .until(() -> replica.attempt(claim, QueueIntent.NONE), TestReplica::isGranted);
    return granted(got);
  }

  private static String database(int number) {
    return REDIS.uri() + "/" + number;
  }

  /** Listens to all commands, those of scripts included. */
  private static final class Monitor implements AutoCloseable {
    private final int port;
    private final Socket socket;
    private final List<String> lines = new ArrayList<>();
    private final CompletableFuture<Boolean> reading;
    private int begin;
    private int marks;

    Monitor(int port) throws IOException {
      this.port = port;
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      OutputStream out = socket.getOutputStream();
      out.write("MONITOR\r\n".getBytes(StandardCharsets.US_ASCII));
      out.flush();
      reading = CompletableFuture.supplyAsync(this::read);
    }

    /** Forgets the commands so far. */
    void begin() {
      mark();
      synchronized (lines) {
        begin = lines.size();
      }
    }

    /** Returns the commands since then that name a lock, without those that scripts ran. */
    List<String> end(String lock) {
      mark();
      return everything().stream()
          .filter(line -> line.contains(lock) && !line.contains(" lua]"))
          .toList();
    }

    /** Returns all commands since the last {@link #begin}. */
    List<String> everything() {
      synchronized (lines) {
        return List.copyOf(lines.subList(begin, lines.size()));
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
      reading.join();
    }

    /** Waits until all earlier commands have been read. */
    private void mark() {
      String mark = "mark-" + ++marks;
      RedisClient client = RedisClient.create(RedisServer.uri(port));
      try (var connection = client.connect()) {
        connection.sync().echo(mark);
      } finally {
        client.shutdown();
      }
      await()
          .until(
              () -> {
                synchronized (lines) {
                  return lines.stream().anyMatch(line -> line.contains(mark));
                }
              });
    }

    private boolean read() {
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          synchronized (lines) {
            lines.add(line);
          }
        }
        return true;
      } catch (IOException e) {
        return false; // Closed.
      }
    }
  }
}
