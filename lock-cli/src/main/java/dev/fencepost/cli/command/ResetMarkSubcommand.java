package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ResetMarkResponse;
import picocli.CommandLine.Model.CommandSpec;

/** {@code reset-mark}: deletes a resource's fence mark. */
final class ResetMarkSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description("Deletes a resource's mark; a stale writer may pass until the next advance.");
    CommandOptions.parameter(spec, 0, "RESOURCE", "The resource.");
    ReasonOption.describe(spec);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    ResourceName resource = new ResourceName(invocation.parameter(0).orElse(""));
    ResetMarkRequest request =
        ResetMarkRequest.newBuilder()
            .setResource(resource.value())
            .setReason(ReasonOption.of(invocation))
            .build();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      // A second attempt could delete a mark that was made in between.
      ResetMarkResponse answer =
          servers
              .call(
                  UnaryCall.of(AdminServiceGrpc.getResetMarkMethod(), request, invocation.timeout())
                      .onlyOnce())
              .message();
      output.print(
          () ->
              answer.getFormerMark() == 0
                  ? "there was no mark"
                  : "the mark was " + answer.getFormerMark(),
          () -> JsonLine.of(answer));
      return ExitCode.DONE.code();
    }
  }
}
