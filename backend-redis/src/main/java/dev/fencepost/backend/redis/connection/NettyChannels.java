package dev.fencepost.backend.redis.connection;

import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The network connections beneath the client library. What is written at the same moment leaves in
 * one system call: the library asks for one each time (measured with 64 threads: half as many
 * pairs/s again). One on which nothing arrives for too long, although something is asked every
 * second, is closed; the library then makes another, and asks the sentinels anew.
 */
public final class NettyChannels implements NettyCustomizer {
  /** More would let Redis and this server wait for each other in turn. */
  private static final int MOST_UNFLUSHED = 32;

  private static final long RECONNECT_AT_MOST_EVERY_NANOS = 1_000_000_000L;

  private final long silenceMillis;
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong reconnectedNanos =
      new AtomicLong(System.nanoTime() - RECONNECT_AT_MOST_EVERY_NANOS);

  /** Closes connections on which nothing arrives for so long. */
  public NettyChannels(Duration silence) {
    this.silenceMillis = silence.toMillis();
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // It only forgets what is closed.
  public void afterChannelInitialized(Channel channel) {
    open.add(channel);
    channel.closeFuture().addListener(closed -> open.remove(channel));
    channel
        .pipeline()
        .addFirst(
            new FlushConsolidationHandler(MOST_UNFLUSHED, true), new SilenceHandler(silenceMillis));
  }

  /** Closes all connections, so that they are made anew, wherever the URI leads now. */
  @SuppressWarnings("FutureReturnValueIgnored") // The library sees that they are closed.
  public void reconnectAll() {
    long now = System.nanoTime();
    long last = reconnectedNanos.get();
    if (now - last >= RECONNECT_AT_MOST_EVERY_NANOS && reconnectedNanos.compareAndSet(last, now)) {
      open.forEach(Channel::close);
    }
  }

  private static final class SilenceHandler extends ReadTimeoutHandler {
    SilenceHandler(long millis) {
      super(millis, TimeUnit.MILLISECONDS);
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // The library sees that the channel is closed.
    protected void readTimedOut(ChannelHandlerContext context) {
      context.close();
    }
  }
}
