package dev.fencepost.cli;

import dev.fencepost.lock.ResourceName;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ResetMarkResponse;
import picocli.CommandLine.Model.CommandSpec;

/** {@code reset-mark}: forgets a resource's mark. */
final class ResetMarkSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Forgets a resource's mark; a stale writer may pass until somebody advances again.");
    Options.parameter(spec, 0, "RESOURCE", "The resource.");
    Reason.describe(spec);
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    ResourceName resource = new ResourceName(call.parameter(0).orElse(""));
    ResetMarkRequest request =
        ResetMarkRequest.newBuilder()
            .setResource(resource.value())
            .setReason(Reason.of(call))
            .build();
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      // Sent twice, it could forget a mark that was made in between.
      ResetMarkResponse answer =
          servers
              .ask(
                  Question.of(AdminServiceGrpc.getResetMarkMethod(), request, call.timeout())
                      .onlyOnce())
              .answer();
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
