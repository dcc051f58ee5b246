package dev.fencepost.cli.run;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.SignalInterruption;
import dev.fencepost.cli.remote.CallException;
import dev.fencepost.cli.remote.GrantVariables;
import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.LockCalls;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ReleaseAnswers;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.TimedAnswer;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostException;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.proto.v1.ReleaseResponse;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.helpers.NOP_FallbackServiceProvider;

/**
 * One command from the grant of its lock to the release: the lock is given back only when nothing
 * of the command's process group is alive.
 */
public final class LockedRun {
  /** A server that has just granted the lock answers sooner, or another has to be found. */
  private static final Duration FIRST_RENEWAL = Duration.ofSeconds(5);

  private final CommandConsole console;
  private final ServerPool servers;
  private final LockCalls locks;
  private final RunPlan plan;

  public LockedRun(CommandConsole console, ServerPool servers, LockCalls locks, RunPlan plan) {
    this.console = console;
    this.servers = servers;
    this.locks = locks;
    this.plan = plan;
  }

  /** Runs the command and returns the exit code of {@code fencepost run}. */
  public int run(HeldGrant taken, SignalInterruption interruption) {
    long begun = System.nanoTime();
    try (FencepostClient client = client()) {
      LockHandle lock;
      try {
        lock = client.lock(taken.key().lock().value()).adopt(taken.key());
      } catch (LockLostException e) {
        console.note(name(taken) + " is lost: " + LockText.lost(e.loss()));
        return ExitCode.LOST.code();
      } catch (FencepostException e) {
        console.note(name(taken) + " cannot be renewed: " + e.getMessage());
        return abandon(taken, ExitCode.UNAVAILABLE.code(), interruption);
      } catch (InterruptedException e) {
        return abandon(taken, interruption.exitCode(), interruption);
      }
      return keep(lock, taken, interruption, begun);
    }
  }

  /** Keeps grants; what it has to say of them is said by us. */
  private FencepostClient client() {
    System.setProperty("slf4j.internal.verbosity", "WARN");
    System.setProperty("slf4j.provider", NOP_FallbackServiceProvider.class.getName());
    return FencepostClient.builder(servers.list()).callTimeout(FIRST_RENEWAL).build();
  }

  private int keep(LockHandle lock, HeldGrant taken, SignalInterruption interruption, long begun) {
    long now = System.nanoTime();
    HeldGrant held = taken.until(now + lock.remaining().toNanos());
    try {
      GroupGuard guard;
      try {
        guard = GroupGuard.watch(console, start(held), plan, lock, held);
      } catch (IOException e) {
        console.note("the command cannot be started: " + e.getMessage());
        lock.detach();
        release(held, Duration.ZERO);
        return ExitCode.CANNOT_EXECUTE.code();
      }
      interruption.redirect(guard::forward);
      guard.await();
      return guard.isLost() ? giveUp(guard) : finish(guard, begun);
    } catch (InterruptedException e) {
      // Nobody does that any more; if so, the lock is not given back, since the group may be alive,
      // and the watchdog ends the group as soon as we are gone.
      Thread.currentThread().interrupt();
      return interruption.exitCode();
    }
  }

  private ProcessGroup start(HeldGrant held) throws IOException {
    LeaseTimes times = LeaseTimes.of(held, plan.killAfter());
    if (times.grace().compareTo(plan.killAfter()) < 0) {
      console.note(
          "should the lock be lost, KILL follows TERM after "
              + WireDurations.about(times.grace())
              + ": a lease of "
              + WireDurations.about(held.grant().getTtl())
              + " has no room for more");
    }
    return ProcessGroup.start(
        plan.command(), GrantVariables.of(held, servers), times, plan.killAfter());
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

  /** Nothing runs yet that would need the lock. */
  private int abandon(HeldGrant taken, int exitCode, SignalInterruption interruption) {
    try {
      locks.abandon(taken.ref());
      return exitCode;
    } catch (InterruptedException e) {
      return interruption.exitCode();
    }
  }

  /** False if the lock had been lost meanwhile. */
  private boolean release(HeldGrant held, Duration closeFor) throws InterruptedException {
    try {
      TimedAnswer<ReleaseResponse> reply = locks.release(held.ref(), closeFor);
      if (ReleaseAnswers.wasGone(reply)) {
        console.note(
            name(held)
                + " was lost before the command ended: "
                + LockText.reason(reply.answer().getLossReason()));
        return false;
      }
    } catch (CallException e) {
      console.note(
          name(held)
              + " could not be released and stays taken until its lease ends: "
              + e.getMessage());
    }
    return true;
  }

  private static String name(HeldGrant held) {
    return LockText.printable(held.grant().getName());
  }
}
