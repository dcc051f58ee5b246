package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A renewal that somebody waits for, repeated until it is answered or the call timeout is over. */
final class PromptRenewal extends Repeated<LeaseSpan> {
  private static final int TIMELY_PART = 4;

  private final ClientParts parts;
  private final GrantRef grant;

  private PromptRenewal(ClientParts parts, LockPlan plan, GrantRef grant) {
    super(parts, plan.hash(), Pending.Lane.RENEW, parts.clock.nanos() + parts.callTimeoutNanos);
    this.parts = parts;
    this.grant = grant;
  }

  /** Renews a grant that was made elsewhere, which tells its terms, and keeps it from then on. */
  static LockHandle adopt(ClientParts parts, LockPlan plan, GrantRef grant)
      throws InterruptedException {
    parts.requireOpen();
    LeaseSpan span = Waiting.forAnswer(send(parts, plan, grant));
    return Holding.begin(parts, plan, grant, span);
  }

  /**
   * Renews a grant now.
   *
   * @return fails with {@link LockLostException} or {@link UnavailableException}
   */
  static CompletableFuture<LeaseSpan> send(ClientParts parts, LockPlan plan, GrantRef grant) {
    PromptRenewal renewal = new PromptRenewal(parts, plan, grant);
    renewal.begin();
    if (parts.isClosed()) {
      renewal.abandon();
    }
    return renewal.answer();
  }

  @Override
  Operation.Builder operation(long nowNanos) {
    return Operation.newBuilder().setRenew(RenewRequest.newBuilder().setGrant(Wire.of(grant)));
  }

  @Override
  @Nullable LeaseSpan answer(Result result, long countedFromNanos) {
    RenewResponse response = result.getRenew();
    if (!response.hasRenewed()) {
      throw new LockLostException(grant.lock(), Wire.loss(response.getLost()));
    }
    Grant terms = response.getRenewed();
    boolean isTimely =
        parts.clock.nanos() - countedFromNanos <= Wire.nanos(terms.getTtl()) / TIMELY_PART;
    return isTimely ? LeaseSpan.of(terms, countedFromNanos) : null;
  }

  @Override
  RuntimeException late() {
    return new UnavailableException(
        "no renewal of " + grant.lock() + " was answered: " + parts.replicas.lastFailure(), true);
  }
}
