package dev.fencepost.client.internal.lock;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.FencingClient;
import dev.fencepost.client.LockView;
import dev.fencepost.client.MultiHandle;
import dev.fencepost.client.ServerInfo;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** Builds a client from its parts and closes it. */
public final class FencepostClientImpl implements FencepostClient {
  private static final long CLOSE_MILLIS = 5_000;
  private static final long GOODBYE_MILLIS = 500;

  private final ClientSetup setup;
  private final RoundScheduler scheduler;
  private final ClientContext context;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private final AtomicBoolean isResolving = new AtomicBoolean();

  private FencepostClientImpl(ClientSetup setup) {
    this.setup = setup;
    this.scheduler = new RoundScheduler(setup.clock(), setup.timers());
    this.context = new ClientContext(setup, scheduler, this::resolve);
  }

  public static FencepostClientImpl start(ClientSetup setup) {
    FencepostClientImpl client = new FencepostClientImpl(setup);
    ClientContext context = client.context;
    setup
        .metrics()
        .watch(context.heldLocks::size, context.acquires::size, context.replicas::openSessionCount);
    client.scheduler.setRoundRunner(context.replicas::groupWrites);
    setup.connector().onRenewal(context.replicas::renewSessions);
    client.resolve();
    return client;
  }

  @Override
  public FencepostLock lock(String name) {
    return new FencepostLockImpl(context, setup.options(new LockName(name)));
  }

  @Override
  public MultiHandle acquireAll(List<FencepostLock> locks, Duration wait)
      throws InterruptedException {
    return MultiHandleImpl.acquire(locks, wait, context.clock);
  }

  @Override
  public FencingClient fencing() {
    return new FencingClientImpl(context);
  }

  @Override
  public CompletableFuture<LockView> inspect(String name) {
    GetLockRequest request =
        GetLockRequest.newBuilder().setName(new LockName(name).value()).build();
    return RetriedCall.start(context, name, LockServiceGrpc.getGetLockMethod(), request)
        .thenApply(response -> ProtoConverter.lockView(response.getLock()));
  }

  @Override
  public CompletableFuture<ServerInfo> serverInfo() {
    GetServerInfoRequest request = GetServerInfoRequest.getDefaultInstance();
    return RetriedCall.start(context, "", LockServiceGrpc.getGetServerInfoMethod(), request)
        .thenApply(ProtoConverter::serverInfo);
  }

  @Override
  public Flow.Publisher<LockView> watch(String... names) {
    return WatchSubscription.publisher(context, names);
  }

  @Override
  public boolean awaitReady(Duration timeout) throws InterruptedException {
    return context.stateCondition.await(
        context.replicas::isReady, FencepostLockImpl.waitNanos(timeout));
  }

  @Override
  public void close() {
    if (!isClosed.compareAndSet(false, true)) {
      return;
    }
    context.close();
    context.acquires.forEach(AcquireOperation::abandon);
    context.calls.forEach(RetriedCall::abandon);
    context.watches.forEach(WatchSubscription::abandon);
    context.heldLocks.forEach(HeldLock::abandon);
    context.stateCondition.awaitUnlessInterrupted(
        () -> context.retriedOperations.size() == 0, CLOSE_MILLIS);
    context.replicas.sayGoodbyes();
    context.stateCondition.awaitUnlessInterrupted(context.replicas::hasNoSessions, GOODBYE_MILLIS);
    context.replicas.close();
    setup.connector().close();
    scheduler.close();
    setup.timers().close();
  }

  /** Resolves the target. A name is looked up on a thread of its own, because that may block. */
  private void resolve() {
    if (!setup.target().isName()) {
      context.replicas.addSeeds(setup.target().addresses());
    } else if (isResolving.compareAndSet(false, true)) {
      Thread resolver = new Thread(this::lookUp, "fencepost-client-resolver");
      resolver.setDaemon(true);
      resolver.start();
    }
  }

  private void lookUp() {
    try {
      context.replicas.addSeeds(setup.target().resolve());
    } catch (UnknownHostException e) {
      context.replicas.failures().recordUnresolved(e);
      context.discovery.refreshSoon();
    } finally {
      isResolving.set(false);
    }
  }
}
