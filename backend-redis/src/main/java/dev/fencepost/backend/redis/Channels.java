package dev.fencepost.backend.redis;

import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The network connections beneath the client library. What is written at the same moment leaves in
 * one system call: the library asks for one each time, which was most of the cost of a busy
 * connection. One on which nothing arrives for too long, although something is asked every second,
 * is closed; the library then makes another, and asks the sentinels anew.
 */
final class Channels implements NettyCustomizer {
  private static final int MOST_UNFLUSHED = 256;
  private static final long RENEW_AT_MOST_EVERY_NANOS = 1_000_000_000L;

  private final long silenceMillis;
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong renewedNanos =
      new AtomicLong(System.nanoTime() - RENEW_AT_MOST_EVERY_NANOS);

  /** Closes connections on which nothing arrives for so long. */
  Channels(Duration silence) {
    this.silenceMillis = silence.toMillis();
  }

  @Override
  public void afterChannelInitialized(Channel channel) {
    open.add(channel);
    channel.closeFuture().addListener(closed -> open.remove(channel));
    channel
        .pipeline()
        .addFirst(
            new FlushConsolidationHandler(MOST_UNFLUSHED, true),
            new IdleStateHandler(silenceMillis, 0, 0, TimeUnit.MILLISECONDS),
            new Silence());
  }

  /** Closes all connections, so that they are made anew, wherever the URI leads now. */
  void renew() {
    long now = System.nanoTime();
    long last = renewedNanos.get();
    if (now - last >= RENEW_AT_MOST_EVERY_NANOS && renewedNanos.compareAndSet(last, now)) {
      open.forEach(Channel::close);
    }
  }

  private static final class Silence extends ChannelDuplexHandler {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
      if (event instanceof IdleStateEvent) {
        context.close();
      } else {
        super.userEventTriggered(context, event);
      }
    }
  }
}
