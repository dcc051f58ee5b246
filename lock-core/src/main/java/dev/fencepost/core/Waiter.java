package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One claim at this replica, with all the calls that speak for it. Guarded by its contest's
 * monitor.
 */
final class Waiter {
  /** Most calls of one claim, and most releases of it, that await their answer here. */
  static final int MOST_CALLS = 16;

  private static final long TAG_UNKNOWN = 0;

  final Claim claim;

  /** Who is charged for it. */
  final String client;

  /** What it is charged. */
  final long sizeBytes;

  /** Calls that still want an answer. */
  final List<AcquireCall> calls = new ArrayList<>(1);

  /** Releases that came while a command for this claim was unanswered; carried out after it. */
  List<PendingRelease> releases = List.of();

  /** When it came, moved back by what it waited elsewhere; decides its place. */
  final long placeNanos;

  /** Whether the store has yet to answer a command for this claim. */
  boolean unanswered;

  /** When it says that it began to wait, which decides between equal places. */
  final long startNanos;

  /** Whether one of its calls ever wanted to wait. */
  boolean waits;

  private final long sequence;
  private long tag = TAG_UNKNOWN;

  Waiter(AcquireCommand order, long placeNanos, long startNanos, long sequence) {
    this.claim = order.claim();
    this.client = order.client();
    this.sizeBytes = WaiterQuotas.sizeOf(claim.claimant());
    this.placeNanos = placeNanos;
    this.startNanos = startNanos;
    this.sequence = sequence;
  }

  /** Whether anybody would take its grant. */
  boolean isWanted() {
    return !calls.isEmpty() && releases.isEmpty();
  }

  /** One more call speaks for the claim. */
  void add(AcquireCall call) {
    // Each caller brought a copy of the claim.
    call.order = call.order.speakingFor(claim);
    waits |= !call.triesOnce();
    calls.add(call);
  }

  /**
   * A release is to be carried out once the claim has nothing at the store.
   *
   * @throws OverLimitException if too many are
   */
  void add(PendingRelease release) {
    if (releases.size() >= MOST_CALLS) {
      throw new OverLimitException("releases of one claim", MOST_CALLS);
    }
    if (releases.isEmpty()) {
      releases = new ArrayList<>(1);
    }
    releases.add(release);
  }

  /** The releases, which are the taker's from now on. */
  List<PendingRelease> takeReleases() {
    List<PendingRelease> taken = releases;
    releases = List.of();
    return taken;
  }

  /** A command that may grant the claim is about to be sent. */
  void sending() {
    unanswered = true;
    for (AcquireCall call : calls) {
      call.asked = true;
      call.mark = call.order.marks().getAsLong();
    }
  }

  /** The claim's tag as a number. */
  long tag() {
    if (tag == TAG_UNKNOWN) {
      tag = parseTag(claim.id().tag());
    }
    return tag;
  }

  static long parseTag(String hex) {
    return Long.parseUnsignedLong(hex, 16);
  }

  static int byPlace(Waiter a, Waiter b) {
    int places = Long.compare(a.placeNanos - b.placeNanos, 0);
    int starts = places != 0 ? places : Long.compare(a.startNanos - b.startNanos, 0);
    return starts != 0 ? starts : Long.compare(a.sequence, b.sequence);
  }

  /**
   * A release that has yet to be answered.
   *
   * @param order what is to end
   * @param answer completes with what it did
   */
  record PendingRelease(ReleaseCommand order, CompletableFuture<Release> answer) {}
}
