package dev.fencepost.cli;

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
final class AcquireSubcommand implements Subcommand {
  /** Less would be none; what a server allows it says itself. */
  static final Duration SHORTEST_TTL = Duration.ofMillis(1);

  private static final Duration DEFAULT_TTL = Duration.ofSeconds(30);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Takes a lock and exits; nobody renews it. Ctrl-C while it waits withdraws the claim.");
    Options.parameter(spec, 0, "NAME", "The lock.");
    Options.value(spec, "--ttl", "D", "The lease; default: 30s.");
    Options.value(spec, "--wait", "D", "How long to stand in line; default: 0s, try once.");
    Options.value(spec, "--claim", "ID", "The claim id of the call that this one repeats.");
    Options.value(spec, "--owner", "TEXT", "Who this is, for people.");
    Options.value(
        spec, "--lock-delay", "D", "If the lease runs out, keep others out longer; default: 0s.");
    Options.values(spec, "--meta", "K=V", "Shown to whoever inspects the lock.");
    NotGrantedCode.describe(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    int refusedCode = NotGrantedCode.of(call);
    AcquireRequest order = order(call);
    Output output = call.output();
    try (Servers servers = new Servers(call.servers(), call.console()::note);
        Interruption interruption = Interruption.ofThisThread()) {
      LockCalls locks = new LockCalls(servers, call.timeout());
      Claimed claimed;
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

  private static AcquireRequest order(Invocation call) {
    AcquireRequest.Builder order =
        AcquireRequest.newBuilder()
            .setName(call.lock().value())
            .setClaimId(call.text("--claim").map(ClaimId::new).orElseGet(ClaimIds::next).value())
            .setTtl(
                Spans.toWire(
                    call.duration("--ttl", SHORTEST_TTL, Lease.MAX_TTL).orElse(DEFAULT_TTL)))
            .setWait(
                Spans.toWire(
                    call.duration("--wait", Invocation.LONGEST_WAIT).orElse(Duration.ZERO)))
            .setOwner(call.text("--owner").orElseGet(() -> Owner.ofProcess("acquire")))
            .setLockDelay(
                Spans.toWire(
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

  private static int tell(Output output, HeldGrant held, Servers servers) {
    output.print(
        () ->
            Wording.held(held, "is held")
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

  private static void tell(Output output, Console console, AcquireRequest order, NotGranted why) {
    String text = Wording.refused(order.getName(), why);
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

  private static int tell(Console console, Lost why) {
    console.note("granted too late to be used, and then " + Wording.lost(why));
    return ExitCode.LOST.code();
  }
}
