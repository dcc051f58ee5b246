package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.CommandOwner;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.SignalInterruption;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.ClaimIdGenerator;
import dev.fencepost.cli.remote.ClaimResult;
import dev.fencepost.cli.remote.LockCalls;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.cli.run.LockedRun;
import dev.fencepost.cli.run.RunPlan;
import dev.fencepost.cli.run.SignalRights;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.proto.v1.AcquireRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code run}: holds a lock while a command runs. */
final class RunSubcommand implements CliSubcommand {
  private static final Duration DEFAULT_TTL = Duration.ofSeconds(15);
  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final Duration DEFAULT_KILL_AFTER = Duration.ofSeconds(5);
  private static final Duration MAX_KILL_AFTER = Duration.ofHours(24);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Runs a command while a lock is held, in a process group of its own. If the lock is"
                + " lost, TERM and then KILL reach the whole group before the lock can be"
                + " another's.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
    CommandOptions.rest(spec, 1, "-- CMD", "The command and its arguments.");
    CommandOptions.value(spec, "--ttl", "D", "The lease, renewed while CMD runs; default: 15s.");
    CommandOptions.value(spec, "--wait", "D", "How long to wait in the queue; default: 10s.");
    CommandOptions.value(
        spec, "--min-hold", "D", "Keep others out for at least this long; default: 0s.");
    CommandOptions.value(
        spec, "--max-hold", "D", "Let CMD end after this long; default: 0s, never.");
    CommandOptions.value(spec, "--kill-after", "D", "The time between TERM and KILL; default: 5s.");
    CommandOptions.flag(spec, "--shell", "CMD is a line for the shell.");
    NotGrantedOption.describe(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    RunPlan plan = plan(invocation);
    AcquireRequest request = buildRequest(invocation, plan);
    int refusedCode = NotGrantedOption.of(invocation);
    SignalRights.ofThisProcess()
        .findWarning(plan.command(), invocation.console().variable("PATH").orElse(""))
        .ifPresent(invocation.console()::note);
    try (ServerPool servers = new ServerPool(invocation.connection(), invocation.console()::note);
        SignalInterruption interruption = SignalInterruption.ofThisThread()) {
      LockCalls locks = new LockCalls(servers, invocation.timeout());
      ClaimResult result;
      try {
        result = locks.acquireOrWithdraw(request);
      } catch (InterruptedException e) {
        return interruption.exitCode();
      }
      return result.<Integer>fold(
          held -> new LockedRun(invocation.console(), servers, locks, plan).run(held, interruption),
          why -> {
            invocation.console().note(LockText.describeRefusal(request.getName(), why));
            return refusedCode;
          },
          why -> {
            invocation
                .console()
                .note("granted too late to be used, and then lost: " + LockText.describeLoss(why));
            return ExitCode.LOST.code();
          });
    }
  }

  private static RunPlan plan(CommandInvocation invocation) {
    List<String> command = invocation.parametersFrom(1);
    if (command.isEmpty() || !invocation.words().contains("--")) {
      throw new UsageException("the command is missing: fencepost run NAME -- CMD");
    }
    return new RunPlan(
        invocation.has("--shell") ? List.of("/bin/sh", "-c", String.join(" ", command)) : command,
        invocation.duration("--min-hold", ReleaseCommand.MAX_CLOSE_FOR).orElse(Duration.ZERO),
        invocation
            .duration("--max-hold", CommandInvocation.MAX_DURATION)
            .filter(time -> !time.isZero()),
        invocation.duration("--kill-after", MAX_KILL_AFTER).orElse(DEFAULT_KILL_AFTER));
  }

  private static AcquireRequest buildRequest(CommandInvocation invocation, RunPlan plan) {
    Path program = Path.of(plan.command().get(0)).getFileName();
    return AcquireRequest.newBuilder()
        .setName(invocation.lock().value())
        .setClaimId(ClaimIdGenerator.next().value())
        .setTtl(
            WireDurations.toWire(
                invocation
                    .duration("--ttl", AcquireSubcommand.MIN_TTL, Lease.MAX_TTL)
                    .orElse(DEFAULT_TTL)))
        .setWait(
            WireDurations.toWire(
                invocation.duration("--wait", CommandInvocation.MAX_WAIT).orElse(DEFAULT_WAIT)))
        .setOwner(CommandOwner.ofProcess(program == null ? "run" : program.toString()))
        .build();
  }
}
