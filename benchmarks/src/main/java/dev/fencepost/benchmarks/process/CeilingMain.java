package dev.fencepost.benchmarks.process;

import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.concurrent.Executor;

/**
 * Fencepost without its lock service: the messages of a session, the commands of a backend, and a
 * queue for each lock between them. It has no limits, no checks, no second replica, no waiting time
 * that ends, and tells nobody of a loss. The difference to Fencepost is the cost of the service.
 * Takes a store URI; prints the port that it listens on.
 */
public final class CeilingMain {
  private CeilingMain() {}

  /** Runs until it is killed. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    LockBackend backend = findProvider(arguments[0]).create(StoreSettings.of(arguments[0]));
    ReplicaId self = ReplicaId.of(new Random().nextLong());
    backend
        // As a draining replica: Fencepost's clients on the same store must not connect to it.
        .open(new Replica(self, "localhost:1", Replica.Phase.DRAINING), lock -> {})
        .toCompletableFuture()
        .join();
    EventLoopGroup threads = new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory());
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .bossEventLoopGroup(threads)
            .workerEventLoopGroup(threads)
            .channelType(EpollServerSocketChannel.class)
            .directExecutor()
            .addService(
                new CeilingSessions(new CeilingLocks(backend), () -> currentEventLoop(threads)))
            .build()
            .start();
    System.out.println("port " + server.getPort());
    server.awaitTermination();
  }

  /** Returns the connection's thread. Answers are gathered there, as Fencepost does. */
  private static Executor currentEventLoop(EventLoopGroup threads) {
    for (EventExecutor each : threads) {
      if (each.inEventLoop()) {
        return each;
      }
    }
    return Runnable::run;
  }

  private static LockBackendProvider findProvider(String uri) {
    return ServiceLoader.load(LockBackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.schemes().stream().anyMatch(uri::startsWith))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no backend for " + uri));
  }
}
