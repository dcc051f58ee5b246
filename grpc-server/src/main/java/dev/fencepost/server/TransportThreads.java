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
 * The event-loop threads of all connections. They are our own instead of gRPC's shared ones, so
 * that a stream can write on the thread of its connection. Results that other threads add while
 * that thread is busy are sent in one message. Thread-safe.
 */
final class TransportThreads implements AutoCloseable {
  private static final int CLOSE_TIMEOUT_SECONDS = 2;
  private static final String NAME = "fencepost-transport";

  /** The default number of threads of gRPC and Netty: two per core. */
  private static final int NETTYS_DEFAULT = 0;

  private final EventLoopGroup workers =
      new MultiThreadIoEventLoopGroup(
          NETTYS_DEFAULT, new DefaultThreadFactory(NAME, true), handlers());

  EventLoopGroup group() {
    return workers;
  }

  /** Creates a listening channel. */
  static ServerChannel newListeningChannel() {
    return Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
  }

  /**
   * Returns the current event-loop thread, or an executor that runs the task on the calling thread.
   */
  Executor current() {
    for (EventExecutor each : workers) {
      if (each.inEventLoop()) {
        return each;
      }
    }
    return Runnable::run;
  }

  /** Stops the threads. Must not be called on one of them. */
  @Override
  public void close() {
    workers.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static IoHandlerFactory handlers() {
    return Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
  }
}
