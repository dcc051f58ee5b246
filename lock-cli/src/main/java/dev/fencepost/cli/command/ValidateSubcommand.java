package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import picocli.CommandLine.Model.CommandSpec;

/** {@code validate}: checks whether a token is current at this moment. */
final class ValidateSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Checks whether a token is current: exit 0 if it is.");
    CommandOptions.lockByDefault(spec);
    CommandOptions.token(spec, "The token; default: FENCEPOST_TOKEN.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    LockName lock = invocation.lock();
    FencingToken token = invocation.token();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      ValidateTokenResponse answer =
          servers
              .call(
                  UnaryCall.of(
                      FencingServiceGrpc.getValidateTokenMethod(),
                      ValidateTokenRequest.newBuilder()
                          .setName(lock.value())
                          .setFencingToken(token.value())
                          .build(),
                      invocation.timeout()))
              .message();
      output.print(() -> text(answer), () -> JsonLine.of(answer));
      return answer.getStatus() == TokenStatus.TOKEN_STATUS_CURRENT
          ? ExitCode.DONE.code()
          : ExitCode.NO.code();
    }
  }

  private static String text(ValidateTokenResponse answer) {
    String last = answer.getLastToken() == 0 ? "" : "; the last is " + answer.getLastToken();
    return switch (answer.getStatus()) {
      case TOKEN_STATUS_CURRENT -> "current";
      case TOKEN_STATUS_UNKNOWN -> "unknown: above every token that can have been granted" + last;
      default -> "stale" + last;
    };
  }
}
