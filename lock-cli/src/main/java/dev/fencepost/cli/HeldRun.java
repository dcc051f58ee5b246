package dev.fencepost.cli;

import dev.fencepost.proto.v1.ReleaseResponse;
import java.io.IOException;
import java.time.Duration;

/**
 * One command from the grant of its lock to the release: the lock is given back only when nothing
 * of the command's process group is alive.
 */
final class HeldRun {
  private final Console console;
  private final Servers servers;
  private final LockCalls locks;
  private final RunPlan plan;

  HeldRun(Console console, Servers servers, LockCalls locks, RunPlan plan) {
    this.console = console;
    this.servers = servers;
    this.locks = locks;
    this.plan = plan;
  }

  /** Runs the command and returns the exit code of {@code fencepost run}. */
  int run(HeldGrant held, Interruption interruption) {
    long begun = System.nanoTime();
    try {
      GroupGuard guard;
      try {
        guard = start(held);
      } catch (IOException e) {
        console.note("the command cannot be started: " + e.getMessage());
        release(held, Duration.ZERO);
        return ExitCode.CANNOT_EXECUTE.code();
      }
      interruption.redirect(guard::forward);
      try (Keeping keeping = RenewLoop.start(servers, held, plan.killAfter(), guard)) {
        guard.await(keeping);
      }
      return guard.isLost() ? giveUp(guard) : finish(guard, begun);
    } catch (InterruptedException e) {
      // Nobody does that any more; if so, the watchdog ends the group as soon as we are gone.
      Thread.currentThread().interrupt();
      return interruption.exitCode();
    }
  }

  private GroupGuard start(HeldGrant held) throws IOException {
    LeaseTimes times = LeaseTimes.of(held, plan.killAfter());
    if (times.grace().compareTo(plan.killAfter()) < 0) {
      console.note(
          "should the lock be lost, KILL follows TERM after "
              + Spans.about(times.grace())
              + ": a lease of "
              + Spans.about(held.grant().getTtl())
              + " has no room for more");
    }
    ProcessGroup group =
        ProcessGroup.start(
            plan.command(), GrantVariables.of(held, servers), times, plan.killAfter());
    return new GroupGuard(console, group, plan, held);
  }

  private int finish(GroupGuard guard, long begun) throws InterruptedException {
    Duration closeFor = plan.minHold().minusNanos(System.nanoTime() - begun);
    return release(guard.held(), closeFor.isNegative() ? Duration.ZERO : closeFor)
        ? guard.exitCode()
        : ExitCode.LOST.code();
  }

  /** The group is gone; if the store still knows the grant, others need not wait for its end. */
  private int giveUp(GroupGuard guard) throws InterruptedException {
    HeldGrant held = guard.held();
    if (!held.validFor(System.nanoTime()).isNegative()) {
      locks.abandon(held.ref());
    }
    return ExitCode.LOST.code();
  }

  /** False if the lock had been lost meanwhile. */
  private boolean release(HeldGrant held, Duration closeFor) throws InterruptedException {
    try {
      Reply<ReleaseResponse> reply = locks.release(held.ref(), closeFor);
      if (Releases.wasGone(reply)) {
        console.note(
            Wording.printable(held.grant().getName())
                + " was lost before the command ended: "
                + Wording.reason(reply.answer().getLossReason()));
        return false;
      }
    } catch (CallException e) {
      console.note(
          Wording.printable(held.grant().getName())
              + " could not be released and stays taken until its lease ends: "
              + e.getMessage());
    }
    return true;
  }
}
