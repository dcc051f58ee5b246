package dev.fencepost.client;

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

/** The parts of a client, joined. */
final class RemoteClient implements FencepostClient {
  private static final long CLOSE_MILLIS = 5_000;
  private static final long GOODBYE_MILLIS = 500;

  private final ClientSetup setup;
  private final Agenda agenda;
  private final ClientParts parts;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private final AtomicBoolean isResolving = new AtomicBoolean();

  private RemoteClient(ClientSetup setup) {
    this.setup = setup;
    this.agenda = new Agenda(setup.clock(), setup.timers());
    this.parts = new ClientParts(setup, agenda, this::resolve);
  }

  static RemoteClient start(ClientSetup setup) {
    RemoteClient client = new RemoteClient(setup);
    ClientParts parts = client.parts;
    setup.metrics().watch(parts.holdings::size, parts.claims::size, parts.replicas::openSessions);
    client.agenda.inRounds(parts.replicas::together);
    client.resolve();
    return client;
  }

  @Override
  public FencepostLock lock(String name) {
    return new RemoteLock(parts, setup.terms(new LockName(name)));
  }

  @Override
  public MultiHandle acquireAll(List<FencepostLock> locks, Duration wait)
      throws InterruptedException {
    return Handles.acquire(locks, wait, parts.clock);
  }

  @Override
  public Fencing fencing() {
    return new RemoteFencing(parts);
  }

  @Override
  public CompletableFuture<LockView> inspect(String name) {
    GetLockRequest request =
        GetLockRequest.newBuilder().setName(new LockName(name).value()).build();
    return Question.ask(parts, name, LockServiceGrpc.getGetLockMethod(), request)
        .thenApply(response -> LockView.of(response.getLock()));
  }

  @Override
  public CompletableFuture<ServerInfo> serverInfo() {
    GetServerInfoRequest request = GetServerInfoRequest.getDefaultInstance();
    return Question.ask(parts, "", LockServiceGrpc.getGetServerInfoMethod(), request)
        .thenApply(ServerInfo::of);
  }

  @Override
  public Flow.Publisher<LockView> watch(String... names) {
    return LockWatch.publisher(parts, names);
  }

  @Override
  public boolean awaitReady(Duration timeout) throws InterruptedException {
    return parts.gate.await(parts.replicas::isReady, RemoteLock.nanos(timeout));
  }

  @Override
  public void close() {
    if (!isClosed.compareAndSet(false, true)) {
      return;
    }
    parts.close();
    parts.claims.forEach(ClaimInFlight::abandon);
    parts.questions.forEach(Question::abandon);
    parts.watches.forEach(LockWatch::abandon);
    parts.holdings.forEach(Holding::abandon);
    parts.gate.awaitUnlessInterrupted(() -> parts.repeated.size() == 0, CLOSE_MILLIS);
    parts.replicas.leaveAll();
    parts.gate.awaitUnlessInterrupted(parts.replicas::areAllOver, GOODBYE_MILLIS);
    parts.replicas.close();
    agenda.close();
    setup.timers().close();
  }

  /** Looks the target up, on a thread that may be held up by it. */
  private void resolve() {
    if (!setup.target().isName()) {
      parts.replicas.seed(setup.target().addresses());
    } else if (isResolving.compareAndSet(false, true)) {
      Thread resolver = new Thread(this::lookUp, "fencepost-client-resolver");
      resolver.setDaemon(true);
      resolver.start();
    }
  }

  private void lookUp() {
    try {
      parts.replicas.seed(setup.target().resolve());
    } catch (UnknownHostException e) {
      parts.replicas.unresolved(e);
      parts.refresh.soon();
    } finally {
      isResolving.set(false);
    }
  }
}
