package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/** {@code force-release}: ends a lock's grant without its holder. */
final class ForceReleaseSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Ends a lock's grant without its holder. The lock stays closed for the rest of the"
                + " lease, unless --close-for says otherwise.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
    ReasonOption.describe(spec);
    CommandOptions.value(spec, "--if-token", "T", "Only if the current grant has this token.");
    CommandOptions.value(
        spec, "--close-for", "D", "Keep the lock closed this long; 0 frees it to others at once.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    ForceReleaseCommand command =
        new ForceReleaseCommand(
            invocation.lock(),
            ReasonOption.of(invocation),
            invocation.token("--if-token"),
            invocation.duration("--close-for", ReleaseCommand.MAX_CLOSE_FOR));
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      UnaryCall<ForceReleaseRequest, ForceReleaseResponse> call =
          UnaryCall.of(
              AdminServiceGrpc.getForceReleaseMethod(),
              buildRequest(command),
              invocation.timeout());
      // Without a token a second attempt could end the next holder's grant as well.
      ForceReleaseResponse answer =
          servers.call(command.ifToken().isPresent() ? call : call.onlyOnce()).message();
      output.print(() -> text(command, answer), () -> JsonLine.of(answer));
      return answer.getOutcome() == ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED
          ? ExitCode.DONE.code()
          : ExitCode.NO.code();
    }
  }

  private static ForceReleaseRequest buildRequest(ForceReleaseCommand command) {
    ForceReleaseRequest.Builder request =
        ForceReleaseRequest.newBuilder()
            .setName(command.lock().value())
            .setReason(command.reason());
    Optional<FencingToken> token = command.ifToken();
    token.ifPresent(only -> request.setFencingToken(only.value()));
    Optional<Duration> closeFor = command.closeFor();
    closeFor.ifPresent(time -> request.setCloseFor(WireDurations.toWire(time)));
    return request.build();
  }

  private static String text(ForceReleaseCommand command, ForceReleaseResponse answer) {
    String name = LockText.printable(command.lock().value());
    return switch (answer.getOutcome()) {
      case FORCE_RELEASE_OUTCOME_RELEASED ->
          name
              + " is taken from "
              + LockText.describeHolder(answer.getHolder())
              + (answer.getFencingToken() == 0
                  ? ""
                  : "; fence its writes with token " + answer.getFencingToken());
      case FORCE_RELEASE_OUTCOME_TOKEN_MISMATCH ->
          name + " is held by another claim now: " + LockText.describeHolder(answer.getHolder());
      default -> name + " is held by nobody" + newClosingTime(command);
    };
  }

  /**
   * A closing time without a token replaces that of a closed lock, which the answer does not say.
   */
  private static String newClosingTime(ForceReleaseCommand command) {
    return command
        .closeFor()
        .filter(time -> command.ifToken().isEmpty())
        .map(
            time ->
                "; if it was closed, it is closed for " + DurationFormat.print(time) + " from now")
        .orElse("");
  }
}
