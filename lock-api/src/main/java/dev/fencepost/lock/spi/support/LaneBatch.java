package dev.fencepost.lock.spi.support;

import java.util.List;

/**
 * The requests of one call.
 *
 * @param isAlone true if the call has a place of those for single requests
 * @param isMoreQueued true if other requests were queued when the batch was taken
 */
record LaneBatch<Q, A>(List<LaneRequest<Q, A>> members, boolean isAlone, boolean isMoreQueued) {

  List<Q> requests() {
    return members.size() == 1
        ? List.of(members.get(0).request())
        : members.stream().map(LaneRequest::request).toList();
  }

  /** Returns the latest of the deadlines. */
  CallDeadline deadline() {
    CallDeadline latest = members.get(0).deadline();
    for (LaneRequest<Q, A> each : members) {
      latest = latest.orLater(each.deadline());
    }
    return latest;
  }
}
