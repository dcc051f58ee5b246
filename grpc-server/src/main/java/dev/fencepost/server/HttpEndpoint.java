package dev.fencepost.server;

import dev.fencepost.server.identity.CallCredentials;
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
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Serves pages for monitoring over HTTP. One thread reads and writes all connections and creates
 * the pages of probes. Another creates the pages that take time. No connection has a thread of its
 * own, so incomplete requests keep no other client out. {@link HttpConnections} limits the number
 * of connections and {@link HttpExchangeHandler} their time.
 */
final class HttpEndpoint implements AutoCloseable {
  private static final int ACCEPT_BACKLOG = 1024;
  private static final int LINE_BYTES = 4 * 1024;
  private static final int HEAD_BYTES = 8 * 1024;
  private static final int CLOSE_TIMEOUT_SECONDS = 2;

  private final EventLoopGroup loop;
  private final ThreadPoolExecutor reporter;
  private final Channel listening;

  /**
   * Content of a page.
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
   * @param probes pages that are created at once and never block
   * @param reports pages that may take time; they are created one after another
   */
  record Pages(
      Map<String, Function<CallCredentials, Page>> probes,
      Map<String, Function<CallCredentials, Page>> reports) {}

  private HttpEndpoint(EventLoopGroup loop, ThreadPoolExecutor reporter, Channel listening) {
    this.loop = loop;
    this.reporter = reporter;
    this.listening = listening;
  }

  /**
   * Starts to listen.
   *
   * @param tls context of TLS; empty for plain text
   * @throws IOException if the address cannot be used
   */
  static HttpEndpoint start(InetSocketAddress address, Optional<SslContext> tls, Pages pages)
      throws IOException {
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("fencepost-http", true), NioIoHandler.newFactory());
    ThreadPoolExecutor reporter =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            // Each connection has at most one request in progress.
            new ArrayBlockingQueue<>(HttpConnections.MAX),
            new DefaultThreadFactory("fencepost-http-reports", true));
    HttpConnections connections = new HttpConnections();
    ServerBootstrap server =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, ACCEPT_BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    connections.add(channel);
                    tls.ifPresent(
                        context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
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
    } catch (Exception e) { // Netty throws exceptions of the system without declaring them
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
    loop.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
    reporter.shutdownNow();
  }
}
