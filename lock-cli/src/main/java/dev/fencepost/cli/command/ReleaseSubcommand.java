package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.LockCalls;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ReleaseAnswers;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.TimedAnswer;
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
final class ReleaseSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Gives a lock back.");
    CommandOptions.lockByDefault(spec);
    CommandOptions.grant(spec);
    CommandOptions.flag(spec, "--any-token", "End whatever the claim has, waiting or held.");
    CommandOptions.value(spec, "--close-for", "D", "Keep the lock closed for everybody this long.");
  }

  @Override
  public int run(CommandInvocation call) throws InterruptedException {
    if (call.has("--any-token") && call.has("--token")) {
      throw new UsageException("--any-token and --token exclude each other");
    }
    LockName lock = call.lock();
    AnswerPrinter output = call.output();
    try (ServerPool servers = new ServerPool(call.servers())) {
      TimedAnswer<ReleaseResponse> reply = release(call, new LockCalls(servers, call.timeout()));
      output.print(
          () -> LockText.printable(lock.value()) + " " + text(reply),
          () -> JsonLine.of(reply.answer()));
      return ReleaseAnswers.isDone(reply) ? ExitCode.DONE.code() : ExitCode.LOST.code();
    }
  }

  private static TimedAnswer<ReleaseResponse> release(CommandInvocation call, LockCalls locks)
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

  private static String text(TimedAnswer<ReleaseResponse> reply) {
    if (reply.answer().getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN) {
      return "is not held by this claim, which is withdrawn";
    }
    if (ReleaseAnswers.isDone(reply)) {
      return "is released";
    }
    LossReason reason = reply.answer().getLossReason();
    return "was not held: " + LockText.reason(reason);
  }
}
