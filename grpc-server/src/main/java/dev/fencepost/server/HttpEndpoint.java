package dev.fencepost.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Pages for machines that watch this server. One thread reads and writes all connections and makes
 * the pages of probes, one makes those that take time. No connection has a thread, so requests that
 * never become whole keep nobody out; {@link HttpConnections} bounds their number and {@link
 * HttpExchangeHandler} their time.
 */
final class HttpEndpoint implements AutoCloseable {
  private static final int WAITING_CONNECTIONS = 1024;
  private static final int LINE_BYTES = 4 * 1024;
  private static final int HEAD_BYTES = 8 * 1024;
  private static final int LAST_MOMENT_SECONDS = 2;

  private final EventLoopGroup loop;
  private final ThreadPoolExecutor reporter;
  private final Channel listening;

  /**
   * A page's content.
   *
   * @param status HTTP status
   * @param contentType media type
   * @param body text
   */
  record Page(int status, String contentType, String body) {
    static Page text(int status, String body) {
      return new Page(status, "text/plain; charset=utf-8", body + "\n");
    }
  }

  /**
   * All pages by path.
   *
   * @param probes are made at once and never block
   * @param reports may take time; one is made after the other
   */
  record Pages(Map<String, Supplier<Page>> probes, Map<String, Supplier<Page>> reports) {}

  private HttpEndpoint(EventLoopGroup loop, ThreadPoolExecutor reporter, Channel listening) {
    this.loop = loop;
    this.reporter = reporter;
    this.listening = listening;
  }

  /**
   * Listens.
   *
   * @throws IOException if the address cannot be had
   */
  static HttpEndpoint start(InetSocketAddress address, Pages pages) throws IOException {
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("fencepost-http", true), NioIoHandler.newFactory());
    ThreadPoolExecutor reporter =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            // One request of each connection is answered at a time.
            new ArrayBlockingQueue<>(HttpConnections.MOST),
            new DefaultThreadFactory("fencepost-http-reports", true));
    HttpConnections connections = new HttpConnections();
    ServerBootstrap server =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, WAITING_CONNECTIONS)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    connections.enter(channel);
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(
                                new HttpDecoderConfig()
                                    .setMaxInitialLineLength(LINE_BYTES)
                                    .setMaxHeaderSize(HEAD_BYTES)))
                        .addLast(new HttpExchangeHandler(pages, reporter));
                  }
                });
    try {
      Channel listening = server.bind(address).syncUninterruptibly().channel();
      return new HttpEndpoint(loop, reporter, listening);
    } catch (Exception e) { // Netty throws what the system said, declared or not
      stop(loop, reporter);
      throw e instanceof IOException failure ? failure : new IOException(e);
    }
  }

  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  @Override
  public void close() {
    stop(loop, reporter);
  }

  private static void stop(EventLoopGroup loop, ThreadPoolExecutor reporter) {
    loop.shutdownGracefully(0, LAST_MOMENT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
    reporter.shutdownNow();
  }
}
