package dev.fencepost.cli;

import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetLockResponse;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockChangeKind;
import dev.fencepost.proto.v1.LockMode;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Waiter;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The lock service with locks in memory, with as many of the rules as a client test needs. */
final class FakeLockService extends LockServiceGrpc.LockServiceImplBase {
  record Held(AcquireRequest request, long token, Duration ttl, Instant since) {}

  record Waiting(AcquireRequest request, StreamObserver<AcquireResponse> observer) {}

  final List<ReleaseRequest> releases = new CopyOnWriteArrayList<>();
  final List<AcquireRequest> acquires = new CopyOnWriteArrayList<>();
  final List<StreamObserver<WatchLocksResponse>> watchers = new CopyOnWriteArrayList<>();
  final AtomicInteger renewals = new AtomicInteger();
  volatile Duration acquireDelay = Duration.ZERO;
  volatile boolean forgetsGrants;

  /** This many of the next releases are executed, but their answers are lost. */
  final AtomicInteger lostReleaseAnswers = new AtomicInteger();

  volatile int pageSize = Integer.MAX_VALUE;

  /** Page tokens that are refused, as if another server had made them. */
  final AtomicInteger foreignPageTokens = new AtomicInteger();

  /** When each lock's lease last began, on the monotonic clock, or slightly earlier. */
  final Map<String, Long> leaseBegunNanos = new ConcurrentHashMap<>();

  private final Map<String, Held> held = new TreeMap<>();
  private final Map<String, LossReason> revoked = new TreeMap<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private long lastToken = 1L << 60;

  @Override
  public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> observer) {
    acquires.add(request);
    long begunNanos = System.nanoTime();
    Executor slow =
        CompletableFuture.delayedExecutor(
            acquireDelay.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);
    slow.execute(() -> decide(request, observer, begunNanos));
  }

  private synchronized void decide(
      AcquireRequest request, StreamObserver<AcquireResponse> observer, long begunNanos) {
    Held holder = held.get(request.getName());
    if (holder == null || holder.request().getClaimId().equals(request.getClaimId())) {
      leaseBegunNanos.put(request.getName(), begunNanos);
      answer(observer, granted(request, holder));
    } else if (request.getWait().getSeconds() + request.getWait().getNanos() > 0) {
      waiting.add(new Waiting(request, observer));
    } else {
      answer(observer, refused(NotGrantedReason.NOT_GRANTED_REASON_BUSY, holder));
    }
  }

  @Override
  public synchronized void renew(RenewRequest request, StreamObserver<RenewResponse> observer) {
    long begunNanos = System.nanoTime();
    renewals.incrementAndGet();
    Optional<Held> holder = forgetsGrants ? Optional.empty() : holder(request.getGrant());
    holder.ifPresent(one -> leaseBegunNanos.put(one.request().getName(), begunNanos));
    RenewResponse.Builder response = RenewResponse.newBuilder();
    holder.ifPresentOrElse(
        found -> response.setRenewed(grant(found)),
        () -> response.setLost(Lost.newBuilder().setReason(reason(request.getGrant()))));
    answer(observer, response.build());
  }

  @Override
  public synchronized void release(
      ReleaseRequest request, StreamObserver<ReleaseResponse> observer) {
    releases.add(request);
    if (lostReleaseAnswers.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      held.remove(request.getName());
      observer.onError(Status.UNAVAILABLE.asRuntimeException());
      return;
    }
    Held holder = held.get(request.getName());
    boolean isHolder =
        holder != null
            && holder.request().getClaimId().equals(request.getClaimId())
            && (!request.hasFencingToken() || request.getFencingToken() == holder.token());
    if (isHolder) {
      held.remove(request.getName());
      answer(observer, released(ReleaseOutcome.RELEASE_OUTCOME_RELEASED));
    } else if (!request.hasFencingToken()) {
      waiting.removeIf(one -> one.request().getClaimId().equals(request.getClaimId()));
      answer(observer, released(ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN));
    } else {
      answer(
          observer,
          released(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD).toBuilder()
              .setLossReason(LossReason.LOSS_REASON_EXPIRED)
              .build());
    }
  }

  @Override
  public synchronized void getLock(
      GetLockRequest request, StreamObserver<GetLockResponse> observer) {
    answer(observer, GetLockResponse.newBuilder().setLock(lock(request.getName(), true)).build());
  }

  @Override
  public synchronized void listLocks(
      ListLocksRequest request, StreamObserver<ListLocksResponse> observer) {
    if (!request.getPageToken().isEmpty() && foreignPageTokens.getAndDecrement() > 0) {
      observer.onError(
          Status.INVALID_ARGUMENT.withDescription("page_token: begin again").asException());
      return;
    }
    List<String> names =
        held.keySet().stream().filter(name -> name.startsWith(request.getPrefix())).toList();
    int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
    int to = Math.min(names.size(), (int) Math.min(Integer.MAX_VALUE, (long) from + pageSize));
    ListLocksResponse.Builder page = ListLocksResponse.newBuilder();
    names.subList(from, to).forEach(name -> page.addLocks(lock(name, false)));
    answer(observer, page.setNextPageToken(to < names.size() ? "" + to : "").build());
  }

  @Override
  public synchronized void watchLocks(
      WatchLocksRequest request, StreamObserver<WatchLocksResponse> observer) {
    WatchLocksResponse.Builder first = WatchLocksResponse.newBuilder().setSynced(true);
    for (String name : request.getNamesList()) {
      first.addChanges(
          LockChange.newBuilder()
              .setKind(LockChangeKind.LOCK_CHANGE_KIND_STATE)
              .setLock(lock(name, false)));
    }
    observer.onNext(first.build());
    watchers.add(observer);
  }

  @Override
  public void getServerInfo(
      GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> observer) {
    answer(
        observer,
        GetServerInfoResponse.newBuilder()
            .setVersion("0.1.0")
            .setStore("h2")
            .setStoreId("store-1")
            .setReplicaId("replica-1")
            .build());
  }

  /** Ends a grant without its holder. */
  synchronized Optional<Held> revoke(String name, LossReason reason) {
    revoked.put(name, reason);
    return Optional.ofNullable(held.remove(name));
  }

  /** Forgets a grant. Its holder learns it with the next renewal or release. */
  synchronized void forget(String name) {
    held.remove(name);
  }

  synchronized Optional<Held> holder(String name) {
    return Optional.ofNullable(held.get(name));
  }

  synchronized List<Waiting> waiting() {
    return List.copyOf(waiting);
  }

  synchronized long nextToken() {
    return ++lastToken;
  }

  static Holder describe(Held one) {
    return Holder.newBuilder()
        .setOwner(one.request().getOwner())
        .setFencingToken(one.token())
        .setRemainingAtMost(WireDurations.toWire(one.ttl()))
        .setAcquireTime(
            com.google.protobuf.Timestamp.newBuilder().setSeconds(one.since().getEpochSecond()))
        .putAllMetadata(one.request().getMetadataMap())
        .setMode(LockMode.LOCK_MODE_EXCLUSIVE)
        .setClaimTag("0123456789abcdef")
        .build();
  }

  private AcquireResponse granted(AcquireRequest request, Held before) {
    Held now =
        before != null
            ? before
            : new Held(
                request, nextToken(), WireDurations.fromWire(request.getTtl()), Instant.now());
    held.put(request.getName(), now);
    return AcquireResponse.newBuilder().setGranted(grant(now)).build();
  }

  private static AcquireResponse refused(NotGrantedReason reason, Held holder) {
    return AcquireResponse.newBuilder()
        .setNotGranted(NotGranted.newBuilder().setReason(reason).addHolders(describe(holder)))
        .build();
  }

  private static ReleaseResponse released(ReleaseOutcome outcome) {
    return ReleaseResponse.newBuilder().setOutcome(outcome).build();
  }

  private Optional<Held> holder(GrantRef ref) {
    return holder(ref.getName())
        .filter(
            one ->
                one.request().getClaimId().equals(ref.getClaimId())
                    && one.token() == ref.getFencingToken());
  }

  private LossReason reason(GrantRef ref) {
    return revoked.getOrDefault(ref.getName(), LossReason.LOSS_REASON_EXPIRED);
  }

  private Lock lock(String name, boolean whole) {
    Lock.Builder lock = Lock.newBuilder().setName(name).setLastToken(lastToken);
    holder(name).ifPresent(one -> lock.addHolders(describe(one)));
    List<Waiting> line =
        waiting.stream().filter(one -> one.request().getName().equals(name)).toList();
    lock.setWaiterCount(line.size());
    for (int i = 0; whole && i < line.size(); i++) {
      lock.addWaiters(
          Waiter.newBuilder()
              .setOwner(line.get(i).request().getOwner())
              .setPosition(i + 1)
              .setReplicaId("replica-1"));
    }
    return lock.build();
  }

  private static Grant grant(Held one) {
    Duration margin = one.ttl().dividedBy(10);
    return Grant.newBuilder()
        .setName(one.request().getName())
        .setFencingToken(one.token())
        .setTtl(WireDurations.toWire(one.ttl()))
        .setValidFor(WireDurations.toWire(one.ttl().minus(margin)))
        .setRenewAfter(WireDurations.toWire(one.ttl().dividedBy(3)))
        .setMode(LockMode.LOCK_MODE_EXCLUSIVE)
        .build();
  }

  private static <A> void answer(StreamObserver<A> observer, A answer) {
    observer.onNext(answer);
    observer.onCompleted();
  }
}
