package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ping}: whether a server answers, which one, and how soon. */
final class PingSubcommand implements CliSubcommand {
  private static final double NANOS_PER_MILLI = 1e6;

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Asks a server what it is, and how long that takes.");
  }

  @Override
  public int run(CommandInvocation call) throws InterruptedException {
    AnswerPrinter output = call.output();
    try (ServerPool servers = new ServerPool(call.servers())) {
      UnaryCall<GetServerInfoRequest, GetServerInfoResponse> question =
          UnaryCall.of(
              LockServiceGrpc.getGetServerInfoMethod(),
              GetServerInfoRequest.getDefaultInstance(),
              call.timeout());
      GetServerInfoResponse info = servers.ask(question).answer();
      // The first call pays for the connection.
      Duration roundTrip = servers.ask(question).took();
      output.print(() -> text(servers, info, roundTrip), () -> JsonLine.of(info));
      return ExitCode.DONE.code();
    }
  }

  private static String text(ServerPool servers, GetServerInfoResponse info, Duration roundTrip) {
    return String.join(
        "\n",
        servers.current()
            + ": fencepost "
            + LockText.printable(info.getVersion())
            + ", round trip "
            + Math.round(roundTrip.toNanos() / NANOS_PER_MILLI * 10) / 10.0
            + "ms",
        "store: "
            + LockText.printable(info.getStore())
            + " "
            + LockText.printable(info.getStoreId())
            + ", replica "
            + LockText.printable(info.getReplicaId())
            + " of "
            + Math.max(1, info.getReplicasCount()));
  }
}
