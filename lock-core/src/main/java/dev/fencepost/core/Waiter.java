package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A queued claim with all its calls. Guarded by its queue's monitor. */
final class Waiter {
  /** Most unanswered calls of one claim, and most unanswered releases of it. */
  static final int MOST_CALLS = 16;

  private static final long TAG_UNKNOWN = 0;

  final Claim claim;

  /** The client that its memory is charged to. */
  final String client;

  /** The bytes that are charged. */
  final long sizeBytes;

  /** Unanswered calls. */
  final List<AcquireCall> calls = new ArrayList<>(1);

  /** Releases that arrived while a command for this claim was in flight; sent after its answer. */
  List<PendingRelease> releases = List.of();

  /** Its arrival minus the time it waited elsewhere. Decides its place. */
  final long placeNanos;

  /** True while the store has not answered a command for this claim. */
  boolean commandInFlight;

  /** The moment it claims to have begun to wait. Decides between equal places. */
  final long startNanos;

  /** True if one of its calls ever wanted to wait. */
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

  /** Returns true if a call would still take the grant. */
  boolean isWanted() {
    return !calls.isEmpty() && releases.isEmpty();
  }

  /** Adds a call of the claim. */
  void add(AcquireCall call) {
    // Each call carries its own copy of the claim; keep one.
    call.order = call.order.speakingFor(claim);
    waits |= !call.triesOnce();
    calls.add(call);
  }

  /**
   * Adds a release, to be sent when no command for the claim is in flight.
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

  /** Takes all pending releases. */
  List<PendingRelease> takeReleases() {
    List<PendingRelease> taken = releases;
    releases = List.of();
    return taken;
  }

  /** The principal that made the claim. */
  String principal() {
    return claim.claimant().principal();
  }

  /** Returns true if its principal is the named one, or one that the caller may act for. */
  boolean isOf(String named, MakerCheck makers) {
    return principal().equals(named) || makers.mayActFor(principal());
  }

  /**
   * Returns true if the call has the same claim of the same principal. A claim without principal is
   * joined by callers without one only: a grant of both would belong to nobody.
   */
  boolean mayBeJoinedBy(AcquireCall call) {
    String named = call.order.claim().claimant().principal();
    return principal().isEmpty() ? named.isEmpty() : isOf(named, call.order.makers());
  }

  /** Returns a check that allows what one of the present calls allows. */
  MakerCheck makers() {
    List<MakerCheck> all = calls.stream().map(call -> call.order.makers()).toList();
    return recorded -> all.stream().anyMatch(each -> each.mayActFor(recorded));
  }

  /** Marks that a command that may grant the claim is about to be sent. */
  void markSending() {
    commandInFlight = true;
    for (AcquireCall call : calls) {
      call.sentToStore = true;
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
   * An unanswered release.
   *
   * @param order what is to end
   * @param makers decides whether the caller may end a claim that another principal made
   * @param answer completes with what it did
   */
  record PendingRelease(
      ReleaseCommand order, MakerCheck makers, CompletableFuture<Release> answer) {

    /** The grant that it ends, if it has a token. */
    GrantRef grant() {
      return new GrantRef(
          order.lock(), order.claim(), order.token().orElseThrow(), order.principal());
    }
  }
}
