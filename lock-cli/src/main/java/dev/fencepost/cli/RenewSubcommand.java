package dev.fencepost.cli;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.RenewResponse;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code renew}: extends a grant by its own ttl. */
final class RenewSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Extends a grant by its own ttl.");
    Options.lockByDefault(spec);
    Options.grant(spec);
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.allOf(OutputFormat.class);
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    ClaimId claim = call.claim();
    GrantRef grant =
        GrantRef.newBuilder()
            .setName(call.lock().value())
            .setClaimId(claim.value())
            .setFencingToken(call.token().value())
            .build();
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      Claimed renewed = new LockCalls(servers, call.timeout()).renew(claim, grant);
      return renewed
          .<ExitCode>fold(
              held -> {
                output.print(
                    () -> Wording.held(held, "is renewed"),
                    () -> JsonLine.of(RenewResponse.newBuilder().setRenewed(held.grant())),
                    () -> GrantVariables.of(held, servers));
                return ExitCode.DONE;
              },
              refused -> ExitCode.NOT_GRANTED,
              lost -> {
                String text =
                    Wording.printable(grant.getName()) + " is lost: " + Wording.lost(lost);
                if (output.format() == OutputFormat.ENV) {
                  call.console().note(text);
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
