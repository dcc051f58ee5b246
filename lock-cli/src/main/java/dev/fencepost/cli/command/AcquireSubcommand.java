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

/** {@code acquire}: acquires a lock and leaves it to the caller. */
final class AcquireSubcommand implements CliSubcommand {
  /** The shortest ttl above zero. The server has a longer minimum and reports it. */
  static final Duration MIN_TTL = Duration.ofMillis(1);

  private static final Duration DEFAULT_TTL = Duration.ofSeconds(30);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Acquires a lock and exits; nobody renews it. Ctrl-C withdraws a waiting claim.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
    CommandOptions.value(spec, "--ttl", "D", "The lease; default: 30s.");
    CommandOptions.value(
        spec, "--wait", "D", "How long to wait in the queue; default: 0s, try once.");
    CommandOptions.value(
        spec, "--claim", "ID", "The claim id, to repeat an earlier acquire with the same id.");
    CommandOptions.value(spec, "--owner", "TEXT", "The owner shown to people.");
    CommandOptions.value(
        spec,
        "--lock-delay",
        "D",
        "If the lease expires, keep the lock closed longer; default: 0s.");
    CommandOptions.values(spec, "--meta", "K=V", "Metadata shown by inspect.");
    NotGrantedOption.describe(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    int refusedCode = NotGrantedOption.of(invocation);
    AcquireRequest request = buildRequest(invocation);
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection(), invocation.console()::note);
        SignalInterruption interruption = SignalInterruption.ofThisThread()) {
      LockCalls locks = new LockCalls(servers, invocation.timeout());
      ClaimResult result;
      try {
        result =
            invocation.has("--claim") ? locks.acquire(request) : locks.acquireOrWithdraw(request);
      } catch (InterruptedException e) {
        return interruption.exitCode();
      }
      return result.<Integer>fold(
          held -> tell(output, held, servers),
          why -> {
            tell(output, invocation.console(), request, why);
            return refusedCode;
          },
          why -> tell(invocation.console(), why));
    }
  }

  private static AcquireRequest buildRequest(CommandInvocation invocation) {
    AcquireRequest.Builder request =
        AcquireRequest.newBuilder()
            .setName(invocation.lock().value())
            .setClaimId(
                invocation
                    .text("--claim")
                    .map(ClaimId::new)
                    .orElseGet(ClaimIdGenerator::next)
                    .value())
            .setTtl(
                WireDurations.toWire(
                    invocation.duration("--ttl", MIN_TTL, Lease.MAX_TTL).orElse(DEFAULT_TTL)))
            .setWait(
                WireDurations.toWire(
                    invocation
                        .duration("--wait", CommandInvocation.MAX_WAIT)
                        .orElse(Duration.ZERO)))
            .setOwner(invocation.text("--owner").orElseGet(() -> CommandOwner.ofProcess("acquire")))
            .setLockDelay(
                WireDurations.toWire(
                    invocation
                        .duration("--lock-delay", Lease.MAX_LOCK_DELAY)
                        .orElse(Duration.ZERO)));
    for (String entry : invocation.texts("--meta")) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw InvalidValueException.of("--meta", entry, "a key, =, and a value");
      }
      request.putMetadata(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return request.build();
  }

  private static int tell(AnswerPrinter output, HeldGrant held, ServerPool servers) {
    output.print(
        () ->
            LockText.describeGrant(held, "is held")
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
      AnswerPrinter output, CommandConsole console, AcquireRequest request, NotGranted why) {
    String text = LockText.describeRefusal(request.getName(), why);
    if (output.format() == OutputFormat.ENV) {
      console.note(text);
      return;
    }
    output.print(
        () -> text,
        () ->
            JsonLine.with(
                "claimId", request.getClaimId(), AcquireResponse.newBuilder().setNotGranted(why)));
  }

  private static int tell(CommandConsole console, Lost why) {
    console.note("granted too late to be used, and then lost: " + LockText.describeLoss(why));
    return ExitCode.LOST.code();
  }
}
