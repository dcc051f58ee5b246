package dev.fencepost.client;

import dev.fencepost.lock.GrantLoss;
import dev.fencepost.proto.v1.GrantLost;

/** Passes on to claims, releases and holdings what happens to the replicas. */
final class RoutesListener implements Replicas.Listener {
  private final ClientParts parts;

  RoutesListener(ClientParts parts) {
    this.parts = parts;
  }

  @Override
  public void usable() {
    parts.gate.changed();
    // The next round sends what waited, renewals first: after an outage they are the most urgent.
    parts.holdings.forEach(Holding::nudge);
    parts.repeated.forEach(Repeated::nudge);
    parts.claims.forEach(ClaimInFlight::nudge);
  }

  @Override
  public void lost(GrantLost lost) {
    GrantLoss why = Wire.loss(lost.getLost());
    parts.holdings.forEach(
        holding -> {
          if (holding.ref().token().value() == lost.getFencingToken()
              && holding.ref().lock().value().equals(lost.getName())) {
            holding.lost(why);
          }
        });
  }

  @Override
  public void changed() {
    parts.gate.changed();
    parts.refresh.soon();
  }
}
