package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.remote.ClaimResult;
import dev.fencepost.cli.remote.GrantVariables;
import dev.fencepost.cli.remote.LockCalls;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.RenewResponse;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code renew}: extends a grant by its own ttl. */
final class RenewSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Extends a grant by its own ttl.");
    CommandOptions.lockByDefault(spec);
    CommandOptions.grant(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    ClaimId claim = invocation.claim();
    GrantRef grant =
        GrantRef.newBuilder()
            .setName(invocation.lock().value())
            .setClaimId(claim.value())
            .setFencingToken(invocation.token().value())
            .build();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      ClaimResult renewed = new LockCalls(servers, invocation.timeout()).renew(claim, grant);
      return renewed
          .<ExitCode>fold(
              held -> {
                output.print(
                    () -> LockText.describeGrant(held, "is renewed"),
                    () -> JsonLine.of(RenewResponse.newBuilder().setRenewed(held.grant())),
                    () -> GrantVariables.of(held, servers));
                return ExitCode.DONE;
              },
              refused -> ExitCode.NOT_GRANTED,
              lost -> {
                String text =
                    LockText.printable(grant.getName())
                        + " is lost: "
                        + LockText.describeLoss(lost);
                if (output.format() == OutputFormat.ENV) {
                  invocation.console().note(text);
                } else {
                  output.print(
                      () -> text, () -> JsonLine.of(RenewResponse.newBuilder().setLost(lost)));
                }
                return ExitCode.LOST;
              })
          .code();
    }
  }
}
