package dev.fencepost.cli;

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
final class RunSubcommand implements Subcommand {
  private static final Duration DEFAULT_TTL = Duration.ofSeconds(15);
  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final Duration DEFAULT_KILL_AFTER = Duration.ofSeconds(5);
  private static final Duration LONGEST_KILL_AFTER = Duration.ofHours(24);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Runs a command while a lock is held, in a process group of its own. If the lock is"
                + " lost, TERM and then KILL reach the whole group before the lock can be"
                + " another's.");
    Options.parameter(spec, 0, "NAME", "The lock.");
    Options.rest(spec, 1, "-- CMD", "The command and its arguments.");
    Options.value(spec, "--ttl", "D", "The lease, renewed while CMD runs; default: 15s.");
    Options.value(spec, "--wait", "D", "How long to stand in line; default: 10s.");
    Options.value(spec, "--min-hold", "D", "Keep others out for at least this long; default: 0s.");
    Options.value(spec, "--max-hold", "D", "Let CMD end after this long; default: 0s, never.");
    Options.value(spec, "--kill-after", "D", "The time between TERM and KILL; default: 5s.");
    Options.flag(spec, "--shell", "CMD is a line for the shell.");
    NotGrantedCode.describe(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT);
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    RunPlan plan = plan(call);
    AcquireRequest order = order(call, plan);
    int refusedCode = NotGrantedCode.of(call);
    SignalRights.ofThisProcess()
        .warning(plan.command(), call.console().variable("PATH").orElse(""))
        .ifPresent(call.console()::note);
    try (Servers servers = new Servers(call.servers(), call.console()::note);
        Interruption interruption = Interruption.ofThisThread()) {
      LockCalls locks = new LockCalls(servers, call.timeout());
      Claimed claimed;
      try {
        claimed = locks.acquireOrWithdraw(order);
      } catch (InterruptedException e) {
        return interruption.exitCode();
      }
      return claimed.<Integer>fold(
          held -> new HeldRun(call.console(), servers, locks, plan).run(held, interruption),
          why -> {
            call.console().note(Wording.refused(order.getName(), why));
            return refusedCode;
          },
          why -> {
            call.console().note("granted too late to be used, and then " + Wording.lost(why));
            return ExitCode.LOST.code();
          });
    }
  }

  private static RunPlan plan(Invocation call) {
    List<String> command = call.parametersFrom(1);
    if (command.isEmpty() || !call.words().contains("--")) {
      throw new UsageException("the command is missing: fencepost run NAME -- CMD");
    }
    return new RunPlan(
        call.has("--shell") ? List.of("/bin/sh", "-c", String.join(" ", command)) : command,
        call.duration("--min-hold", ReleaseCommand.MAX_CLOSE_FOR).orElse(Duration.ZERO),
        call.duration("--max-hold", Invocation.A_CENTURY).filter(time -> !time.isZero()),
        call.duration("--kill-after", LONGEST_KILL_AFTER).orElse(DEFAULT_KILL_AFTER));
  }

  private static AcquireRequest order(Invocation call, RunPlan plan) {
    Path program = Path.of(plan.command().get(0)).getFileName();
    return AcquireRequest.newBuilder()
        .setName(call.lock().value())
        .setClaimId(ClaimIds.next().value())
        .setTtl(
            Spans.toWire(
                call.duration("--ttl", AcquireSubcommand.SHORTEST_TTL, Lease.MAX_TTL)
                    .orElse(DEFAULT_TTL)))
        .setWait(
            Spans.toWire(call.duration("--wait", Invocation.LONGEST_WAIT).orElse(DEFAULT_WAIT)))
        .setOwner(Owner.ofProcess(program == null ? "run" : program.toString()))
        .build();
  }
}
