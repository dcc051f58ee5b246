package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.GetTokenResponse;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code token}: shows the current grant's token, else the last one on record. */
final class TokenSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Shows the current grant's token, else the last on record.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    LockName lock = invocation.lock();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      GetTokenResponse answer =
          servers
              .call(
                  UnaryCall.of(
                      FencingServiceGrpc.getGetTokenMethod(),
                      GetTokenRequest.newBuilder().setName(lock.value()).build(),
                      invocation.timeout()))
              .message();
      boolean none = answer.getLastToken() == 0;
      if (none) {
        invocation.console().note(LockText.printable(lock.value()) + " has no token on record");
      }
      if (!none || output.format() == OutputFormat.JSON) {
        output.print(
            () -> Long.toString(answer.getLastToken()),
            () -> JsonLine.of(answer),
            () -> variables(answer));
      }
      return none ? ExitCode.NO.code() : ExitCode.DONE.code();
    }
  }

  private static Map<String, String> variables(GetTokenResponse answer) {
    return Map.of("FENCEPOST_TOKEN", Long.toString(answer.getLastToken()));
  }
}
