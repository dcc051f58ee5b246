package dev.fencepost.server;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that carry connections, each its own share of them. Ours and not gRPC's shared ones,
 * so that a stream can write on the thread of its connection: what other threads bring while that
 * one is busy travels in one message. Thread-safe.
 */
final class TransportThreads implements AutoCloseable {
  private static final int LAST_MOMENT_SECONDS = 2;
  private static final String NAME = "fencepost-transport";

  /** As many as gRPC and Netty have by default: two for each core. */
  private static final int NETTYS_DEFAULT = 0;

  private final EventLoopGroup workers =
      new MultiThreadIoEventLoopGroup(
          NETTYS_DEFAULT, new DefaultThreadFactory(NAME, true), handlers());

  EventLoopGroup group() {
    return workers;
  }

  /** What listens on these threads. */
  static Class<? extends ServerChannel> channelType() {
    return Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  /** The thread that this is called on, if it is one of these; else whoever brings work does it. */
  Executor current() {
    for (EventExecutor each : workers) {
      if (each.inEventLoop()) {
        return each;
      }
    }
    return Runnable::run;
  }

  /** Not to be called on one of the threads. */
  @Override
  public void close() {
    workers.shutdownGracefully(0, LAST_MOMENT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static IoHandlerFactory handlers() {
    return Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
  }
}
