package dev.fencepost.testkit.memory;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreInfo.LeaseTerms;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import dev.fencepost.lock.spi.support.BatchReply;
import dev.fencepost.lock.spi.support.BatchReply.Answered;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.lock.spi.support.CallLane;
import dev.fencepost.lock.spi.support.HighestToken;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.RecordSteps;
import dev.fencepost.testkit.memory.MapLockTable.ObservedEntry;
import dev.fencepost.testkit.memory.MapServer.MapEntry;
import dev.fencepost.testkit.memory.MapServer.MapResult;
import dev.fencepost.testkit.memory.MapServer.MapWrite;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A map with locks, open for one replica. Safe for use by many threads. */
final class MapStore implements LockStore {
  static final String ID_KEY = "id";
  static final String LOCKS = "lock/";
  static final String MARKS = "mark/";
  private static final String REPLICAS = "replica/";
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
  private static final CallFailures FAILURES = new CallFailures("the map");

  private final MapServer server;
  private final ReplicaId self;
  private final HighestToken highestToken = new HighestToken();
  private final UnreadableRecords unreadable = new UnreadableRecords((count, message) -> {});
  private final CallDeadlines deadlines = new CallDeadlines("map-deadlines", error -> {});
  private final CallGate reads = new CallGate(FAILURES, deadlines, 8, 10_000);
  private final CallLane<MapWrite, MapResult> writes =
      new CallLane<>(
          FAILURES,
          deadlines,
          new CallLane.Limits(16, 4, 1, 10_000),
          MapWrite::key,
          (batch, deadline) -> sendTogether(batch));

  MapStore(MapServer server, ReplicaId self) {
    this.server = server;
    this.self = self;
  }

  static String keyOf(LockName lock) {
    return LOCKS + lock.value();
  }

  HighestToken highestToken() {
    return highestToken;
  }

  StepContext context() {
    return new StepContext(self, highestToken.lowestNew(), server.nowMicros());
  }

  CompletionStage<MapEntry> read(String key, CallDeadline deadline) {
    return reads.submit(() -> server.call(() -> server.read(key)), deadline);
  }

  CompletionStage<MapResult> write(MapWrite write, CallDeadline deadline) {
    return writes.submit(write, deadline);
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return run(new LockCommand.AcquireClaim(claim, intent), Optional.of(ObservedEntry.UNUSED));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return run(new LockCommand.HandOverGrant(from, to, intent), Optional.empty());
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return run(new LockCommand.RenewGrant(grant), Optional.empty());
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return run(new LockCommand.ReleaseClaim(order), Optional.empty());
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return run(new LockCommand.ForceReleaseLock(order), Optional.empty());
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return run(new LockCommand.LeaveQueue(lock), Optional.empty()).thenAccept(changed -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return call(
        () -> locks.stream().flatMap(each -> stateOf(each, server.read(keyOf(each)))).toList());
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    String after = query.after().map(ListQuery.Cursor::opaque).orElse(LOCKS);
    if (!after.startsWith(LOCKS)) {
      throw InvalidValueException.of("page_token", after, "one that a page ended with");
    }
    return call(() -> server.list(LOCKS + query.prefix(), after, query.limit()))
        .thenApply(found -> pageOf(found, query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    // A first token is guessed; if there is a mark already, the refused write shows it.
    return raise(resource, token, MapEntry.NONE, CallDeadline.in(CALL_TIMEOUT));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return call(() -> server.put(MARKS + resource.value(), Optional.empty()))
        .thenApply(former -> former.value().map(mark -> new FencingToken((Long) mark)));
  }

  @Override
  public CompletionStage<Void> announce(Replica replica) {
    return call(() -> server.put(REPLICAS + replica.id().value(), Optional.of(replica)))
        .thenAccept(former -> {});
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return call(
        () ->
            new StoreInfo(
                "map",
                (String) server.read(ID_KEY).value().orElseThrow(),
                new LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1)),
                server.list(REPLICAS, "", Integer.MAX_VALUE).stream()
                    .map(each -> (Replica) each.getValue().value().orElseThrow())
                    .toList()));
  }

  @Override
  public void close() {
    writes.close();
    server.silence(self);
    call(() -> server.put(REPLICAS + self.value(), Optional.empty()))
        .toCompletableFuture()
        .completeOnTimeout(MapEntry.NONE, 2, TimeUnit.SECONDS)
        .join();
    reads.close();
    deadlines.close();
  }

  private <T> CompletionStage<T> run(LockCommand<T> command, Optional<ObservedEntry> guess) {
    return RecordSteps.run(
        command,
        new MapLockTable<>(this, command.lock()),
        guess,
        FAILURES,
        CallDeadline.in(CALL_TIMEOUT));
  }

  private <T> CompletionStage<T> call(Supplier<T> step) {
    return reads.submit(() -> server.call(step), CallDeadline.in(CALL_TIMEOUT));
  }

  private CompletionStage<List<BatchReply<MapResult>>> sendTogether(List<MapWrite> batch) {
    return server.call(
        () ->
            batch.stream()
                .<BatchReply<MapResult>>map(each -> new Answered<>(server.write(each)))
                .toList());
  }

  private Stream<LockState> stateOf(LockName lock, MapEntry entry) {
    return unreadable
        .skipping(lock, () -> MapLockTable.decode(lock, entry).stateAt(server.nowMicros()))
        .stream();
  }

  private LockPage pageOf(List<Map.Entry<String, MapEntry>> found, ListQuery query) {
    return new LockPage(
        found.stream()
            .flatMap(
                each ->
                    stateOf(new LockName(each.getKey().substring(LOCKS.length())), each.getValue()))
            .filter(
                state ->
                    !(state.status() instanceof LockStatus.Free) || !state.replicaQueue().isEmpty())
            .toList(),
        Optional.of(found)
            .filter(page -> page.size() == query.limit())
            .map(page -> new ListQuery.Cursor(page.get(page.size() - 1).getKey())));
  }

  /** Raises a mark from its entry, again from the present one if another write came first. */
  private CompletionStage<FenceAdvance> raise(
      ResourceName resource, FencingToken token, MapEntry entry, CallDeadline deadline) {
    long now = server.nowMicros();
    long limit =
        Math.max(FenceMarkRule.highestAccepted(now), FenceMarkRule.dayAfter(highestToken.value()));
    if (token.value() > limit) {
      return CompletableFuture.completedFuture(new FenceAdvance.TooFarAhead(limit));
    }
    FenceAdvance verdict = FenceMarkRule.verdict((Long) entry.value().orElse(0L), token);
    if (!(verdict instanceof FenceAdvance.Advanced)) {
      return CompletableFuture.completedFuture(verdict);
    }
    if (deadline.isOver()) {
      return CompletableFuture.failedFuture(FAILURES.timeout());
    }
    return write(
            new MapWrite(
                MARKS + resource.value(),
                entry.version(),
                Optional.of(token.value()),
                now,
                Optional.empty()),
            deadline)
        .thenCompose(
            result ->
                result.isDone()
                    ? CompletableFuture.completedFuture(verdict)
                    : raise(resource, token, result.present(), deadline));
  }
}
