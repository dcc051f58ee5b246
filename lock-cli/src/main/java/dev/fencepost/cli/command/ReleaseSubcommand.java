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

/** {@code release}: releases a lock. */
final class ReleaseSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Releases a lock.");
    CommandOptions.lockByDefault(spec);
    CommandOptions.grant(spec);
    CommandOptions.flag(spec, "--any-token", "End the claim, waiting or held.");
    CommandOptions.value(spec, "--close-for", "D", "Keep the lock closed for everybody this long.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    if (invocation.has("--any-token") && invocation.has("--token")) {
      throw new UsageException("--any-token and --token exclude each other");
    }
    LockName lock = invocation.lock();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      TimedAnswer<ReleaseResponse> answer =
          release(invocation, new LockCalls(servers, invocation.timeout()));
      output.print(
          () -> LockText.printable(lock.value()) + " " + text(answer),
          () -> JsonLine.of(answer.message()));
      return ReleaseAnswers.isDone(answer) ? ExitCode.DONE.code() : ExitCode.LOST.code();
    }
  }

  private static TimedAnswer<ReleaseResponse> release(CommandInvocation invocation, LockCalls locks)
      throws InterruptedException {
    ClaimId claim = invocation.claim();
    Duration closeFor =
        invocation.duration("--close-for", ReleaseCommand.MAX_CLOSE_FOR).orElse(Duration.ZERO);
    if (invocation.has("--any-token")) {
      return locks.release(invocation.lock(), claim, closeFor);
    }
    GrantRef grant =
        GrantRef.newBuilder()
            .setName(invocation.lock().value())
            .setClaimId(claim.value())
            .setFencingToken(invocation.token().value())
            .build();
    return locks.release(grant, closeFor);
  }

  private static String text(TimedAnswer<ReleaseResponse> answer) {
    if (answer.message().getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN) {
      return "is not held by this claim, which is withdrawn";
    }
    if (ReleaseAnswers.isDone(answer)) {
      return "is released";
    }
    LossReason reason = answer.message().getLossReason();
    return "was not held: " + LockText.describeReason(reason);
  }
}
