package dev.fencepost.cli;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;

/** {@code release}: gives a lock back. */
final class ReleaseSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Gives a lock back.");
    Options.lockByDefault(spec);
    Options.grant(spec);
    Options.flag(spec, "--any-token", "End whatever the claim has, waiting or held.");
    Options.value(spec, "--close-for", "D", "Keep the lock closed for everybody this long.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    if (call.has("--any-token") && call.has("--token")) {
      throw new UsageException("--any-token and --token exclude each other");
    }
    LockName lock = call.lock();
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      Reply<ReleaseResponse> reply = release(call, new LockCalls(servers, call.timeout()));
      output.print(
          () -> Wording.printable(lock.value()) + " " + text(reply),
          () -> JsonLine.of(reply.answer()));
      return Releases.isDone(reply) ? ExitCode.DONE.code() : ExitCode.LOST.code();
    }
  }

  private static Reply<ReleaseResponse> release(Invocation call, LockCalls locks)
      throws InterruptedException {
    ClaimId claim = call.claim();
    Duration closeFor =
        call.duration("--close-for", ReleaseCommand.MAX_CLOSE_FOR).orElse(Duration.ZERO);
    if (call.has("--any-token")) {
      return locks.release(call.lock(), claim, closeFor);
    }
    GrantRef grant =
        GrantRef.newBuilder()
            .setName(call.lock().value())
            .setClaimId(claim.value())
            .setFencingToken(call.token().value())
            .build();
    return locks.release(grant, closeFor);
  }

  private static String text(Reply<ReleaseResponse> reply) {
    if (reply.answer().getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN) {
      return "is not held by this claim, which is withdrawn";
    }
    if (Releases.isDone(reply)) {
      return "is released";
    }
    LossReason reason = reply.answer().getLossReason();
    return "was not held: " + Wording.reason(reason);
  }
}
