package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;

/**
 * What all sessions of a server share.
 *
 * @param coordinator the queues
 * @param settings who this server is and what it bears
 * @param answers what a failure means
 * @param held which session holds what
 * @param requests reads messages
 * @param renewals renews
 * @param releases releases
 */
record SessionSurroundings(
    LockCoordinator coordinator,
    ServiceSettings settings,
    Answers answers,
    HeldGrants held,
    Requests requests,
    Renewals renewals,
    Releases releases) {

  static SessionSurroundings of(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    return new SessionSurroundings(
        coordinator,
        settings,
        answers,
        held,
        new Requests(settings.policy()),
        new Renewals(coordinator, settings, answers, held),
        new Releases(coordinator, settings.metrics(), held));
  }

  long now() {
    return settings.timers().nanoTime();
  }
}
