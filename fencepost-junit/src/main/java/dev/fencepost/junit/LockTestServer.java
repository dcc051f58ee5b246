package dev.fencepost.junit;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.StartException;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.testkit.model.ModelServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A server of this process on a store in memory, at a free port of the loopback address. Tests take
 * locks away from their holders with it. Thread-safe.
 */
public final class LockTestServer implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1:";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ModelServer store;
  private final String uri;
  private final FencepostServer server;
  private final TcpProxy proxy;
  private final ManagedChannel channel;
  private final FencepostClient observer;

  private LockTestServer(ModelServer store, String uri, FencepostServer server) {
    this.store = store;
    this.uri = uri;
    this.server = server;
    this.proxy = new TcpProxy(server.port());
    String direct = LOOPBACK + server.port();
    this.channel = Grpc.newChannelBuilder(direct, InsecureChannelCredentials.create()).build();
    this.observer = FencepostClient.builder(direct).owner("lock-test-server").build();
  }

  /** Starts a server. It is ready when this returns. */
  public static LockTestServer start() {
    ModelServer store = ModelServer.direct();
    String uri = MemoryStoreProvider.add(store);
    Map<String, String> flags =
        Map.of("store", uri, "listen", LOOPBACK + "0", "http-listen", "off", "drain-timeout", "0s");
    try {
      return new LockTestServer(
          store, uri, FencepostServer.start(ServerConfig.load(flags, Map.of())));
    } catch (StartException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the target for {@link FencepostClient#connect}. */
  public String target() {
    return LOOPBACK + proxy.port();
  }

  /** Returns who holds the lock at this moment; empty if nobody does. */
  public Optional<Holder> holderOf(String name) {
    LockName lock = new LockName(name);
    return store.within(model -> model.describe(List.of(lock))).stream()
        .map(LockState::holder)
        .flatMap(Optional::stream)
        .findFirst();
  }

  /**
   * Ends the lease and the lock delay of the lock now, as if its holder had been paused for longer.
   * The lock is free, or the next waiter's, when this returns. The former holder is told a moment
   * later, unless it is {@linkplain #partition cut off}: wait for it with {@link LockHandle#lost}.
   *
   * @throws IllegalStateException if nobody holds the lock
   */
  public void expire(String name) {
    LockName lock = new LockName(name);
    if (!store.within(model -> model.expire(lock))) {
      throw notHeld(name);
    }
    // The server sees the end of a lease at the next grant, and tells the former holder then.
    observer.lock(name).tryAcquire().ifPresent(LockTestServer::release);
  }

  /**
   * Ends the lock's grant as an administrator does. The lock is free at once, and the holder is
   * told.
   *
   * @throws IllegalStateException if nobody holds the lock
   */
  public void revoke(String name) {
    ForceReleaseRequest request =
        ForceReleaseRequest.newBuilder()
            .setName(name)
            .setReason("revoked by a test")
            .setCloseFor(com.google.protobuf.Duration.getDefaultInstance())
            .build();
    ForceReleaseOutcome outcome =
        AdminServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
            .forceRelease(request)
            .getOutcome();
    if (outcome == ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_NOT_HELD) {
      throw notHeld(name);
    }
  }

  /**
   * Loses all messages between the server and its clients from now on, while their connections seem
   * to live. Holders lose their locks when their leases end. {@link #expire} works meanwhile.
   */
  public void partition() {
    proxy.swallow(Direction.REQUESTS);
    proxy.swallow(Direction.ANSWERS);
  }

  /** Ends the partition. Clients connect again by themselves. */
  public void heal() {
    proxy.resume();
  }

  /**
   * Checks that a write is fenced. It is called with the token of a new grant of this lock, which
   * must pass, and then with the token of an earlier one, which must be refused.
   *
   * @throws AssertionError if the first write is refused or the second one passes
   */
  public void assertFenced(String name, FencedWrite write) {
    LockHandle earlier = grant(name);
    FencingToken stale = earlier.token();
    release(earlier);
    try (LockHandle present = grant(name)) {
      try {
        write.write(present.token());
      } catch (Exception e) {
        throw new AssertionError(
            name + ": a write with the present token " + present.token() + " was refused", e);
      }
      if (passes(write, stale)) {
        throw new AssertionError(
            name + ": a write with token " + stale + " passed after one with " + present.token());
      }
    }
  }

  /** Ends the server. Idempotent. */
  @Override
  public void close() {
    observer.close();
    channel.shutdownNow();
    proxy.close();
    server.close();
    MemoryStoreProvider.remove(uri);
  }

  private LockHandle grant(String name) {
    return observer.lock(name).acquireAsync(PATIENCE).join();
  }

  private static boolean passes(FencedWrite write, FencingToken token) {
    try {
      write.write(token);
      return true;
    } catch (Exception refused) {
      return false;
    }
  }

  private static void release(LockHandle lock) {
    lock.releaseAsync().join();
  }

  private static IllegalStateException notHeld(String name) {
    return new IllegalStateException(name + " is not held");
  }
}
