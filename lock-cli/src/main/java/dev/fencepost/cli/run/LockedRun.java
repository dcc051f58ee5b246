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
 * Runs one command, from the grant of its lock to the release. The lock is released only when no
 * process of the command's group is alive.
 */
public final class LockedRun {
  /** The limit for the first renewal: a server that just granted the lock answers sooner. */
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
  public int run(HeldGrant granted, SignalInterruption interruption) {
    long startNanos = System.nanoTime();
    try (FencepostClient client = client()) {
      LockHandle lock;
      try {
        lock = client.lock(granted.sdkRef().lock().value()).adopt(granted.sdkRef());
      } catch (LockLostException e) {
        console.note(name(granted) + " is lost: " + LockText.describeLoss(e.loss()));
        return ExitCode.LOST.code();
      } catch (FencepostException e) {
        console.note(name(granted) + " cannot be renewed: " + e.getMessage());
        return abandon(granted, ExitCode.UNAVAILABLE.code(), interruption);
      } catch (InterruptedException e) {
        return abandon(granted, interruption.exitCode(), interruption);
      }
      return runHolding(lock, granted, interruption, startNanos);
    }
  }

  /** Makes the client that renews the grant; its log is off, because we report losses ourselves. */
  private FencepostClient client() {
    System.setProperty("slf4j.internal.verbosity", "WARN");
    System.setProperty("slf4j.provider", NOP_FallbackServiceProvider.class.getName());
    return RenewalClient.builder(servers.connection()).callTimeout(FIRST_RENEWAL).build();
  }

  private int runHolding(
      LockHandle lock, HeldGrant granted, SignalInterruption interruption, long startNanos) {
    long now = System.nanoTime();
    HeldGrant held = granted.renewedUntil(now + lock.remaining().toNanos());
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
      return guard.isLost() ? finishLost(guard) : finishHeld(guard, startNanos);
    } catch (InterruptedException e) {
      // Signals no longer interrupt this thread. If something else does, the lock is not released,
      // since the group may be alive; the watchdog ends the group when this process has ended.
      Thread.currentThread().interrupt();
      return interruption.exitCode();
    }
  }

  private ProcessGroup start(HeldGrant held) throws IOException {
    LeaseTimes times = LeaseTimes.of(held, plan.killAfter());
    if (times.grace().compareTo(plan.killAfter()) < 0) {
      console.note(
          "should the lock be lost, KILL follows TERM after "
              + WireDurations.printRounded(times.grace())
              + ": a lease of "
              + WireDurations.printRounded(held.grant().getTtl())
              + " has no room for more");
    }
    return ProcessGroup.start(
        plan.command(), GrantVariables.of(held, servers), times, plan.killAfter());
  }

  private int finishHeld(GroupGuard guard, long startNanos) throws InterruptedException {
    Duration closeFor = plan.minHold().minusNanos(System.nanoTime() - startNanos);
    return release(guard.lastGrant(), closeFor.isNegative() ? Duration.ZERO : closeFor)
        ? guard.exitCode()
        : ExitCode.LOST.code();
  }

  /** Releases a lost grant after the group has ended, so that others need not wait for its end. */
  private int finishLost(GroupGuard guard) throws InterruptedException {
    HeldGrant held = guard.lastGrant();
    if (!held.remaining(System.nanoTime()).isNegative()) {
      locks.abandon(held.wireRef());
    }
    return ExitCode.LOST.code();
  }

  /** Releases the grant before the command was started. */
  private int abandon(HeldGrant granted, int exitCode, SignalInterruption interruption) {
    try {
      locks.abandon(granted.wireRef());
      return exitCode;
    } catch (InterruptedException e) {
      return interruption.exitCode();
    }
  }

  /** Returns false if the lock was lost before the release. */
  private boolean release(HeldGrant held, Duration closeFor) throws InterruptedException {
    try {
      TimedAnswer<ReleaseResponse> answer = locks.release(held.wireRef(), closeFor);
      if (ReleaseAnswers.wasLostBefore(answer)) {
        console.note(
            name(held)
                + " was lost before the command ended: "
                + LockText.describeReason(answer.message().getLossReason()));
        return false;
      }
    } catch (CallException e) {
      console.note(
          name(held)
              + " could not be released and stays granted until its lease ends: "
              + e.getMessage());
    }
    return true;
  }

  private static String name(HeldGrant held) {
    return LockText.printable(held.grant().getName());
  }
}
