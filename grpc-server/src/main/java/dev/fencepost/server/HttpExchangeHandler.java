package dev.fencepost.server;

import dev.fencepost.server.HttpEndpoint.Page;
import dev.fencepost.server.HttpEndpoint.Pages;
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
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one connection, each answered before the next. The first request has to be whole
 * and each answer has to be read within {@link #TIME}, the next request within {@link #PAUSE};
 * bodies are read past. On the connection's thread.
 */
final class HttpExchangeHandler extends SimpleChannelInboundHandler<HttpObject> {
  private static final Logger LOG = LoggerFactory.getLogger(HttpExchangeHandler.class);

  private static final Duration TIME = Duration.ofSeconds(10);

  /** Between an answer and the next request: longer than the usual pause between two scrapes. */
  private static final Duration PAUSE = Duration.ofSeconds(75);

  private static final int MOST_REQUESTS_AHEAD = 16;

  private final Pages pages;
  private final Executor reporter;
  private final Queue<HttpRequest> ahead = new ArrayDeque<>();
  private @Nullable HttpRequest arriving;
  private boolean answering;
  private @Nullable Future<?> timeout;

  HttpExchangeHandler(Pages pages, Executor reporter) {
    this.pages = pages;
    this.reporter = reporter;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    restartTime(ctx, TIME);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stopTime();
    ahead.clear();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (part.decoderResult().isFailure()) {
      close(ctx, Page.text(400, "not a request of HTTP/1"));
      return;
    }
    if (part instanceof HttpRequest request) {
      arriving = request;
    }
    HttpRequest whole = arriving;
    if (part instanceof LastHttpContent && whole != null) {
      arriving = null;
      ahead.add(whole);
      if (ahead.size() > MOST_REQUESTS_AHEAD) {
        breakOff(ctx);
      } else {
        next(ctx);
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
    LOG.debug("a connection broke off", failure);
    breakOff(ctx);
  }

  private void next(ChannelHandlerContext ctx) {
    while (!answering && !ahead.isEmpty()) {
      answering = true;
      answer(ctx, ahead.remove());
    }
  }

  private void answer(ChannelHandlerContext ctx, HttpRequest request) {
    String uri = request.uri();
    String path = uri.indexOf('?') < 0 ? uri : uri.substring(0, uri.indexOf('?'));
    Supplier<Page> probe = pages.probes().get(path);
    Supplier<Page> report = pages.reports().get(path);
    if (probe == null && report == null) {
      String known =
          Stream.concat(pages.reports().keySet().stream(), pages.probes().keySet().stream())
              .collect(Collectors.joining(" "));
      send(ctx, request, Page.text(404, "pages: " + known));
    } else if (!isReading(request.method())) {
      send(ctx, request, Page.text(405, "GET or HEAD"));
    } else if (probe != null) {
      send(ctx, request, probe.get());
    } else if (report != null) {
      make(ctx, request, report);
    }
  }

  private static boolean isReading(HttpMethod method) {
    return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
  }

  private void make(ChannelHandlerContext ctx, HttpRequest request, Supplier<Page> report) {
    try {
      reporter.execute(
          () -> {
            if (ctx.channel().isActive()) {
              Page page = report.get();
              ctx.executor().execute(() -> send(ctx, request, page));
            }
          });
    } catch (RejectedExecutionException e) {
      send(ctx, request, Page.text(503, "too many requests"));
    }
  }

  private void send(ChannelHandlerContext ctx, HttpRequest request, Page page) {
    boolean stays = HttpUtil.isKeepAlive(request);
    FullHttpResponse response = response(page);
    HttpUtil.setKeepAlive(response, stays);
    restartTime(ctx, TIME);
    ctx.writeAndFlush(response)
        .addListener(
            written -> {
              if (written.isSuccess() && stays) {
                restartTime(ctx, PAUSE);
                answering = false;
                next(ctx);
              } else {
                breakOff(ctx);
              }
            });
  }

  private static void close(ChannelHandlerContext ctx, Page page) {
    FullHttpResponse response = response(page);
    response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for a connection's end
  private static void breakOff(ChannelHandlerContext ctx) {
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
    return response;
  }

  private void restartTime(ChannelHandlerContext ctx, Duration time) {
    stopTime();
    timeout = ctx.executor().schedule(() -> breakOff(ctx), time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void stopTime() {
    Future<?> running = timeout;
    if (running != null) {
      running.cancel(false);
    }
  }
}
