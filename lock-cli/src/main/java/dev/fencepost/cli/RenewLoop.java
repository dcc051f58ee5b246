package dev.fencepost.cli;

import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Keeps a grant with unary calls on a thread of its own, from server to server. */
final class RenewLoop implements Keeping {
  private static final Duration LONGEST_TRY = Duration.ofSeconds(2);
  private static final long FIRST_PAUSE_MILLIS = 25;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final int MOST_DOUBLINGS = 6;

  private final Servers servers;
  private final Listener listener;
  private final Thread thread;

  private RenewLoop(Servers servers, HeldGrant first, Duration killAfter, Listener listener) {
    this.servers = servers;
    this.listener = listener;
    this.thread = new Thread(() -> keep(first, killAfter), "renew");
    thread.setDaemon(true);
  }

  /** Begins; {@code killAfter} counts into when a renewal is due on a short lease. */
  static RenewLoop start(Servers servers, HeldGrant first, Duration killAfter, Listener listener) {
    RenewLoop loop = new RenewLoop(servers, first, killAfter, listener);
    loop.thread.start();
    return loop;
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  private void keep(HeldGrant first, Duration killAfter) {
    HeldGrant held = first;
    int failures = 0;
    try {
      sleepUntil(LeaseTimes.of(held, killAfter).renewAtNanos());
      while (true) {
        try {
          Reply<RenewResponse> reply = renew(held);
          if (reply.answer().hasLost()) {
            listener.lost(reply.answer().getLost());
            return;
          }
          // What came too late still helps: the store knows of it, and the next count is safe.
          if (HeldGrant.isTimely(held.grant(), reply.took())) {
            held = new HeldGrant(held.claim(), reply.answer().getRenewed(), reply.sentNanos());
            failures = 0;
            listener.renewed(held);
            sleepUntil(LeaseTimes.of(held, killAfter).renewAtNanos());
          }
        } catch (CallException e) {
          if (failures++ == 0) {
            listener.troubled(e);
          }
          pause(failures);
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private Reply<RenewResponse> renew(HeldGrant held) throws InterruptedException {
    Duration part = Spans.fromWire(held.grant().getTtl()).dividedBy(4);
    Duration budget = part.compareTo(LONGEST_TRY) < 0 ? part : LONGEST_TRY;
    Reply<RenewResponse> reply =
        servers.askOnce(
            Question.of(
                LockServiceGrpc.getRenewMethod(),
                RenewRequest.newBuilder().setGrant(held.ref()).build(),
                budget),
            budget);
    if (!reply.answer().hasLost() && !reply.answer().hasRenewed()) {
      throw new CallException(
          servers.current(), Status.UNIMPLEMENTED.withDescription("an answer newer than this CLI"));
    }
    return reply;
  }

  /** Waits after each round over all servers, longer from round to round. */
  private void pause(int failures) throws InterruptedException {
    if (failures % servers.size() == 0) {
      int doublings = Math.min(failures / servers.size(), MOST_DOUBLINGS);
      long longest = Math.min(FIRST_PAUSE_MILLIS << doublings, LONGEST_PAUSE_MILLIS);
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextLong(longest / 2, longest));
    }
  }

  private static void sleepUntil(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(Math.max(0, nanos - System.nanoTime()));
  }
}
