package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.proto.v1.AdvanceOutcome;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import picocli.CommandLine.Model.CommandSpec;

/** {@code advance}: checks a token against a resource's mark, and raises the mark. */
final class AdvanceSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Checks a token against a resource's mark and raises the mark: exit 0 if it passed.");
    CommandOptions.parameter(spec, 0, "RESOURCE", "The resource.");
    CommandOptions.token(spec, "The token; default: FENCEPOST_TOKEN.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    ResourceName resource = new ResourceName(invocation.parameter(0).orElse(""));
    FencingToken token = invocation.token();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      AdvanceTokenResponse answer =
          servers
              .call(
                  UnaryCall.of(
                      FencingServiceGrpc.getAdvanceTokenMethod(),
                      AdvanceTokenRequest.newBuilder()
                          .setResource(resource.value())
                          .setFencingToken(token.value())
                          .build(),
                      invocation.timeout()))
              .message();
      output.print(() -> text(answer), () -> JsonLine.of(answer));
      return passed(answer) ? ExitCode.DONE.code() : ExitCode.NO.code();
    }
  }

  private static boolean passed(AdvanceTokenResponse answer) {
    return answer.getOutcome() == AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED
        || answer.getOutcome() == AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED;
  }

  private static String text(AdvanceTokenResponse answer) {
    String verdict =
        switch (answer.getOutcome()) {
          case ADVANCE_OUTCOME_ADVANCED -> "passed; the mark rose to ";
          case ADVANCE_OUTCOME_UNCHANGED -> "passed; the mark stays at ";
          default -> "stale; the mark is ";
        };
    return verdict + answer.getMark();
  }
}
