package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.CommandOwner;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.SignalInterruption;
import dev.fencepost.cli.remote.ClaimIdGenerator;
import dev.fencepost.cli.remote.ClaimResult;
import dev.fencepost.cli.remote.GrantVariables;
import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.LockCalls;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code acquire}: takes a lock and leaves it to the caller. */
final class AcquireSubcommand implements CliSubcommand {
  /** Less would be none; what a server allows it says itself. */
  static final Duration SHORTEST_TTL = Duration.ofMillis(1);

  private static final Duration DEFAULT_TTL = Duration.ofSeconds(30);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Takes a lock and exits; nobody renews it. Ctrl-C while it waits withdraws the claim.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
    CommandOptions.value(spec, "--ttl", "D", "The lease; default: 30s.");
    CommandOptions.value(spec, "--wait", "D", "How long to stand in line; default: 0s, try once.");
    CommandOptions.value(spec, "--claim", "ID", "The claim id of the call that this one repeats.");
    CommandOptions.value(spec, "--owner", "TEXT", "Who this is, for people.");
    CommandOptions.value(
        spec, "--lock-delay", "D", "If the lease runs out, keep others out longer; default: 0s.");
    CommandOptions.values(spec, "--meta", "K=V", "Shown to whoever inspects the lock.");
    NotGrantedOption.describe(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(CommandInvocation call) throws InterruptedException {
    int refusedCode = NotGrantedOption.of(call);
    AcquireRequest order = order(call);
    AnswerPrinter output = call.output();
    try (ServerPool servers = new ServerPool(call.servers(), call.console()::note);
        SignalInterruption interruption = SignalInterruption.ofThisThread()) {
      LockCalls locks = new LockCalls(servers, call.timeout());
      ClaimResult claimed;
      try {
        claimed = call.has("--claim") ? locks.acquire(order) : locks.acquireOrWithdraw(order);
      } catch (InterruptedException e) {
        return interruption.exitCode();
      }
      return claimed.<Integer>fold(
          held -> tell(output, held, servers),
          why -> {
            tell(output, call.console(), order, why);
            return refusedCode;
          },
          why -> tell(call.console(), why));
    }
  }

  private static AcquireRequest order(CommandInvocation call) {
    AcquireRequest.Builder order =
        AcquireRequest.newBuilder()
            .setName(call.lock().value())
            .setClaimId(
                call.text("--claim").map(ClaimId::new).orElseGet(ClaimIdGenerator::next).value())
            .setTtl(
                WireDurations.toWire(
                    call.duration("--ttl", SHORTEST_TTL, Lease.MAX_TTL).orElse(DEFAULT_TTL)))
            .setWait(
                WireDurations.toWire(
                    call.duration("--wait", CommandInvocation.LONGEST_WAIT).orElse(Duration.ZERO)))
            .setOwner(call.text("--owner").orElseGet(() -> CommandOwner.ofProcess("acquire")))
            .setLockDelay(
                WireDurations.toWire(
                    call.duration("--lock-delay", Lease.MAX_LOCK_DELAY).orElse(Duration.ZERO)));
    for (String entry : call.texts("--meta")) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw InvalidValueException.of("--meta", entry, "a key, =, and a value");
      }
      order.putMetadata(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return order.build();
  }

  private static int tell(AnswerPrinter output, HeldGrant held, ServerPool servers) {
    output.print(
        () ->
            LockText.held(held, "is held")
                + "; nobody renews it\nclaim "
                + held.claim().value()
                + " (a secret: it renews and releases the lock)",
        () ->
            JsonLine.with(
                "claimId",
                held.claim().value(),
                AcquireResponse.newBuilder().setGranted(held.grant())),
        () -> GrantVariables.of(held, servers));
    return ExitCode.DONE.code();
  }

  private static void tell(
      AnswerPrinter output, CommandConsole console, AcquireRequest order, NotGranted why) {
    String text = LockText.refused(order.getName(), why);
    if (output.format() == OutputFormat.ENV) {
      console.note(text);
      return;
    }
    output.print(
        () -> text,
        () ->
            JsonLine.with(
                "claimId", order.getClaimId(), AcquireResponse.newBuilder().setNotGranted(why)));
  }

  private static int tell(CommandConsole console, Lost why) {
    console.note("granted too late to be used, and then " + LockText.lost(why));
    return ExitCode.LOST.code();
  }
}
