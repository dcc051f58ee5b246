package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import org.jspecify.annotations.Nullable;

/** The first renewal of a grant that was made elsewhere: it tells the terms. */
final class Adoption extends Repeated<Handle> {
  private static final int TIMELY_PART = 4;

  private final ClientParts parts;
  private final LockPlan plan;
  private final GrantRef grant;

  private Adoption(ClientParts parts, LockPlan plan, GrantRef grant) {
    super(parts, plan.hash(), Pending.Lane.RENEW, parts.clock.nanos() + parts.callTimeoutNanos);
    this.parts = parts;
    this.plan = plan;
    this.grant = grant;
  }

  /** Renews the grant and keeps it from then on. */
  static LockHandle of(ClientParts parts, LockPlan plan, GrantRef grant)
      throws InterruptedException {
    parts.requireOpen();
    Adoption adoption = new Adoption(parts, plan, grant);
    adoption.begin();
    if (parts.isClosed()) {
      adoption.abandon();
    }
    return Waiting.forAnswer(adoption.answer());
  }

  @Override
  Operation.Builder operation(long nowNanos) {
    return Operation.newBuilder().setRenew(RenewRequest.newBuilder().setGrant(Wire.of(grant)));
  }

  @Override
  @Nullable Handle answer(Result result, long countedFromNanos) {
    RenewResponse response = result.getRenew();
    if (!response.hasRenewed()) {
      throw new LockLostException(grant.lock(), Wire.loss(response.getLost()));
    }
    Grant terms = response.getRenewed();
    boolean isTimely =
        parts.clock.nanos() - countedFromNanos <= Wire.nanos(terms.getTtl()) / TIMELY_PART;
    return isTimely ? Holding.begin(parts, plan, grant, terms, countedFromNanos) : null;
  }

  @Override
  RuntimeException late() {
    return new UnavailableException(
        "no renewal of " + grant.lock() + " was answered: " + parts.replicas.lastFailure(), true);
  }
}
