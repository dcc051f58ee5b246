package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.TxnLanes.LockTxn;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.testkit.process.EtcdServer;
import io.etcd.jetcd.api.TxnRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Batches that an etcd refuses, and accepts again later. */
final class TxnLanesTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final int BATCH_SIZE = 8;
  private static final int SINGLES_IN_FLIGHT = 64;
  private static final Map<String, String> OPTIONS =
      Map.of("batch-size", Integer.toString(BATCH_SIZE), "batches", "1");

  private final CallDeadlines deadlines = new CallDeadlines("test", error -> {});
  private EtcdRelay relay;
  private EtcdConnections connections;
  private TxnLanes lanes;
  private EtcdSchema schema;

  @BeforeEach
  void open() {
    relay = new EtcdRelay(ETCD.port());
    EtcdSettings settings =
        EtcdSettings.of(new StoreSettings(relay.uri("lanes"), TIMEOUT, OPTIONS));
    connections = new EtcdConnections(settings);
    schema = new EtcdSchema(settings.prefix());
    lanes = new TxnLanes(connections, schema, settings, new CallFailures("etcd"), deadlines);
  }

  @AfterEach
  void close() {
    lanes.close();
    connections.close();
    deadlines.close();
    relay.close();
  }

  @Test
  void batchesThatShrankToOne_leaveRoomForManyTransactions() {
    relay.refuseBatchesAbove(1);
    for (IntFunction<CompletionStage<?>> lane : lanes()) {
      shrink(lane);
      relay.hold();
      List<CompletionStage<?>> requests = submit(lane, SINGLES_IN_FLIGHT + 10);
      await().atMost(TIMEOUT).until(() -> relay.heldCount() == SINGLES_IN_FLIGHT);
      relay.resume();
      requests.forEach(each -> answer(each));
    }
    assertThat(relay.largest()).isEqualTo(1);
  }

  @Test
  void batchesThatShrank_growAgainUpToTheSetting() {
    relay.refuseBatchesAbove(1);
    shrink(this::change);
    relay.refuseBatchesAbove(Integer.MAX_VALUE);
    for (int size = 2; size <= BATCH_SIZE; size *= 2) {
      lanes.growBatches();
      sendAtOnce(this::change, 5 * BATCH_SIZE);
      assertThat(relay.largest()).isEqualTo(size);
    }
    lanes.growBatches();
    sendAtOnce(this::change, 5 * BATCH_SIZE);
    assertThat(relay.largest()).isEqualTo(BATCH_SIZE);
  }

  @Test
  void batchThatIsRefused_isSentOneByOneAndTheNextIsHalfAsLarge() {
    relay.refuseBatchesAbove(BATCH_SIZE / 2);
    sendAtOnce(this::change, 5 * BATCH_SIZE);
    assertThat(relay.largest()).isEqualTo(BATCH_SIZE / 2);
  }

  private List<IntFunction<CompletionStage<?>>> lanes() {
    return List.of(
        i -> lanes.acquire(txn(i), CallDeadline.in(TIMEOUT)),
        this::change,
        i -> lanes.read(name(i), CallDeadline.in(TIMEOUT)));
  }

  private CompletionStage<?> change(int i) {
    return lanes.change(txn(i), CallDeadline.in(TIMEOUT));
  }

  /** Sends batches until the largest that is left is of one. */
  private void shrink(IntFunction<CompletionStage<?>> lane) {
    for (int size = BATCH_SIZE; size > 1; size /= 2) {
      sendAtOnce(lane, 3 * BATCH_SIZE);
    }
  }

  /** Sends requests that travel together as far as they may. */
  private void sendAtOnce(IntFunction<CompletionStage<?>> lane, int count) {
    relay.hold();
    List<CompletionStage<?>> requests = submit(lane, count);
    await().atMost(TIMEOUT).until(() -> relay.heldCount() > 0);
    relay.resume();
    requests.forEach(each -> answer(each));
  }

  private static List<CompletionStage<?>> submit(IntFunction<CompletionStage<?>> lane, int count) {
    List<CompletionStage<?>> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      requests.add(lane.apply(i));
    }
    return requests;
  }

  private LockTxn txn(int i) {
    ByteString key = schema.lock(name(i));
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(key, 0))
            .addFailure(TxnOps.get(key))
            .build();
    return new LockTxn(name(i), request, EtcdConnections.ANY_CONNECTION);
  }

  private static LockName name(int i) {
    return new LockName("lanes/" + i);
  }
}
