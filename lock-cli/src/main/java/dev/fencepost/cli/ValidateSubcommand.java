package dev.fencepost.cli;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import picocli.CommandLine.Model.CommandSpec;

/** {@code validate}: what a token is worth at this moment. */
final class ValidateSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Says whether a token's grant stands: exit 0 if it does.");
    Options.lockByDefault(spec);
    Options.token(spec, "The token; default: FENCEPOST_TOKEN.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    LockName lock = call.lock();
    FencingToken token = call.token();
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      ValidateTokenResponse answer =
          servers
              .ask(
                  Question.of(
                      FencingServiceGrpc.getValidateTokenMethod(),
                      ValidateTokenRequest.newBuilder()
                          .setName(lock.value())
                          .setFencingToken(token.value())
                          .build(),
                      call.timeout()))
              .answer();
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
