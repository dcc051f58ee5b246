package dev.fencepost.server;

import dev.fencepost.server.HttpEndpoint.Page;
import dev.fencepost.server.HttpEndpoint.Pages;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.transport.TransportIdentity;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the requests of one connection, one after another. The first request must be complete,
 * and each response must be read, within {@link #EXCHANGE_TIMEOUT}; the next request must be
 * complete within {@link #IDLE_TIMEOUT}. Request bodies are ignored. Runs on the thread of the
 * connection.
 */
final class HttpExchangeHandler extends SimpleChannelInboundHandler<HttpObject> {
  private static final Logger LOG = LoggerFactory.getLogger(HttpExchangeHandler.class);

  private static final Duration EXCHANGE_TIMEOUT = Duration.ofSeconds(10);

  /** Time between a response and the next request: longer than usual scrape intervals. */
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(75);

  private static final int MAX_QUEUED_REQUESTS = 16;

  private final Pages pages;
  private final Executor reporter;
  private final Queue<HttpRequest> queue = new ArrayDeque<>();
  private @Nullable HttpRequest arriving;
  private boolean answering;
  private @Nullable Future<?> timeout;

  HttpExchangeHandler(Pages pages, Executor reporter) {
    this.pages = pages;
    this.reporter = reporter;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    restartTimeout(ctx, EXCHANGE_TIMEOUT);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    cancelTimeout();
    queue.clear();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (part.decoderResult().isFailure()) {
      sendAndClose(ctx, Page.text(400, "not an HTTP/1 request"));
      return;
    }
    if (part instanceof HttpRequest request) {
      arriving = request;
    }
    HttpRequest complete = arriving;
    if (part instanceof LastHttpContent && complete != null) {
      arriving = null;
      queue.add(complete);
      if (queue.size() > MAX_QUEUED_REQUESTS) {
        disconnect(ctx);
      } else {
        answerNext(ctx);
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
    LOG.debug("a connection failed", failure);
    disconnect(ctx);
  }

  private void answerNext(ChannelHandlerContext ctx) {
    while (!answering && !queue.isEmpty()) {
      answering = true;
      answer(ctx, queue.remove());
    }
  }

  private void answer(ChannelHandlerContext ctx, HttpRequest request) {
    String uri = request.uri();
    String path = uri.indexOf('?') < 0 ? uri : uri.substring(0, uri.indexOf('?'));
    Function<CallCredentials, Page> probe = pages.probes().get(path);
    Function<CallCredentials, Page> report = pages.reports().get(path);
    if (probe == null && report == null) {
      String known =
          Stream.concat(pages.reports().keySet().stream(), pages.probes().keySet().stream())
              .collect(Collectors.joining(" "));
      send(ctx, request, Page.text(404, "pages: " + known));
    } else if (!isReadMethod(request.method())) {
      send(ctx, request, Page.text(405, "GET or HEAD"));
    } else if (probe != null) {
      send(ctx, request, probe.apply(shown(ctx, request)));
    } else if (report != null) {
      sendReport(ctx, request, report);
    }
  }

  private static boolean isReadMethod(HttpMethod method) {
    return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
  }

  private static CallCredentials shown(ChannelHandlerContext ctx, HttpRequest request) {
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    SocketAddress remote = ctx.channel().remoteAddress();
    return new CallCredentials(
        request.headers().getAll(HttpHeaderNames.AUTHORIZATION),
        TransportIdentity.of(tls == null ? null : tls.engine().getSession(), remote),
        remote instanceof InetSocketAddress inet
            ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
            : "",
        Optional.empty());
  }

  private void sendReport(
      ChannelHandlerContext ctx, HttpRequest request, Function<CallCredentials, Page> report) {
    CallCredentials shown = shown(ctx, request);
    try {
      reporter.execute(
          () -> {
            if (ctx.channel().isActive()) {
              Page page = report.apply(shown);
              ctx.executor().execute(() -> send(ctx, request, page));
            }
          });
    } catch (RejectedExecutionException e) {
      send(ctx, request, Page.text(503, "too many requests"));
    }
  }

  private void send(ChannelHandlerContext ctx, HttpRequest request, Page page) {
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    FullHttpResponse response = response(page);
    HttpUtil.setKeepAlive(response, keepAlive);
    restartTimeout(ctx, EXCHANGE_TIMEOUT);
    ctx.writeAndFlush(response)
        .addListener(
            written -> {
              if (written.isSuccess() && keepAlive) {
                restartTimeout(ctx, IDLE_TIMEOUT);
                answering = false;
                answerNext(ctx);
              } else {
                disconnect(ctx);
              }
            });
  }

  private static void sendAndClose(ChannelHandlerContext ctx, Page page) {
    FullHttpResponse response = response(page);
    response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for the end of a connection
  private static void disconnect(ChannelHandlerContext ctx) {
    ctx.close();
  }

  private static FullHttpResponse response(Page page) {
    ByteBuf body = Unpooled.copiedBuffer(page.body(), StandardCharsets.UTF_8);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(page.status()), body);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, page.contentType())
        .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    if (response.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
      response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
    }
    return response;
  }

  private void restartTimeout(ChannelHandlerContext ctx, Duration time) {
    cancelTimeout();
    timeout =
        ctx.executor().schedule(() -> disconnect(ctx), time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void cancelTimeout() {
    Future<?> running = timeout;
    if (running != null) {
      running.cancel(false);
    }
  }
}
