package dev.fencepost.backend.redis;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A backend that is open. */
final class Session implements AutoCloseable {
  private static final Duration LEAST_SILENCE = Duration.ofSeconds(3);

  private final RedisSettings settings;
  private final Store store;
  private final Locks locks;
  private final Renewals renewals;
  private final Reads reads;
  private final Housekeeping housekeeping;

  private Session(
      RedisSettings settings, Replica self, Link link, Deadlines deadlines, Channels channels) {
    this.settings = settings;
    this.store = new Store(link, settings, new Seen(self.id()), deadlines, channels);
    this.locks = new Locks(store);
    this.renewals = new Renewals(store, deadlines, settings.queue());
    this.reads = new Reads(store, settings);
    this.housekeeping = new Housekeeping(store, reads, deadlines, self);
  }

  /**
   * Connects and registers the replica, which blocks.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if the store is refused
   * @throws StoreException if it cannot be asked now
   */
  static Opened open(Target target, RedisSettings settings, Replica self, Consumer<LockName> wake) {
    Duration silence = settings.callTimeout().plusSeconds(1);
    Channels channels =
        new Channels(silence.compareTo(LEAST_SILENCE) < 0 ? LEAST_SILENCE : silence);
    Connected connected = new Connected(target.kind());
    try {
      Link link = Links.connect(target, settings, channels, connected);
      Deadlines deadlines = new Deadlines(settings.callTimeout());
      Session session = new Session(settings, self, link, deadlines, channels);
      try {
        return new Opened(session, session.start(target.kind(), self, wake, connected));
      } catch (RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (RuntimeException e) {
      throw Fitness.refusal(e);
    }
  }

  /** A session and what its store is. */
  record Opened(Session session, StoreInfo info) {}

  Store store() {
    return store;
  }

  Locks locks() {
    return locks;
  }

  Renewals renewals() {
    return renewals;
  }

  Reads reads() {
    return reads;
  }

  Housekeeping housekeeping() {
    return housekeeping;
  }

  @Override
  public void close() {
    housekeeping.close();
    store.close();
    store.link().close();
  }

  private StoreInfo start(
      Target.Kind kind, Replica self, Consumer<LockName> wake, Connected connected) {
    housekeeping.startDeadlines();
    connected.tell(housekeeping);
    for (String master : store.link().masters()) {
      Fitness.require(kind, await(store.commandAt(master, redis -> redis.info(), info -> info)));
      await(store.link().master(master).thenApply(this::load));
    }
    long quietMillis = await(housekeeping.settleAll());
    store.link().listener().addListener(new Wakes(store.keys(), wake));
    await(
        store
            .link()
            .listener()
            .async()
            .subscribe(store.keys().channel(self.id()))
            .thenApply(nothing -> true));
    StoreInfo info = await(reads.announce(self));
    housekeeping.start();
    waitFor(quietMillis);
    return info;
  }

  /** A store that was empty, or has just started, grants as soon as the replica is open. */
  private static void waitFor(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(Failure.STORE_ERROR, "interrupted while opening", e);
    }
  }

  private boolean load(RedisClusterAsyncCommands<byte[], byte[]> node) {
    store.buckets().scripts().load(node);
    return true;
  }

  private <T> T await(CompletionStage<T> stage) {
    try {
      return stage
          .toCompletableFuture()
          .get(settings.callTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = Trouble.unwrapped(e);
      throw cause instanceof RuntimeException known ? known : Trouble.of(cause);
    } catch (TimeoutException e) {
      throw new StoreException(
          Failure.STORE_TIMEOUT, "no answer from Redis within the call timeout", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(Failure.STORE_ERROR, "interrupted while opening", e);
    }
  }

  /**
   * Passes on that a connection broke or was made, once somebody wants to know. In a cluster the
   * library makes others, again and again, only to see which nodes there are: there it matters only
   * while a bucket could not be settled.
   */
  private static final class Connected implements RedisConnectionStateListener {
    private final boolean always;
    private volatile @Nullable Housekeeping housekeeping;

    Connected(Target.Kind kind) {
      this.always = kind != Target.Kind.CLUSTER;
    }

    void tell(Housekeeping told) {
      housekeeping = told;
    }

    @Override
    public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress address) {
      Housekeeping told = housekeeping;
      if (told != null) {
        if (always) {
          told.doubt();
        }
        told.settleSoon();
      }
    }

    @Override
    public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
      Housekeeping told = housekeeping;
      if (told != null && always) {
        told.doubt();
      }
    }
  }
}
