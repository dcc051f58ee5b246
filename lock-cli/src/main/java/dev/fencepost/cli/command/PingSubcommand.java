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

/** {@code ping}: shows which server answers, its store, and the round trip time. */
final class PingSubcommand implements CliSubcommand {
  private static final double NANOS_PER_MILLI = 1e6;

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Shows a server's version and store, and the round trip time.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      UnaryCall<GetServerInfoRequest, GetServerInfoResponse> call =
          UnaryCall.of(
              LockServiceGrpc.getGetServerInfoMethod(),
              GetServerInfoRequest.getDefaultInstance(),
              invocation.timeout());
      GetServerInfoResponse info = servers.call(call).message();
      // The first call includes the time to connect.
      Duration roundTrip = servers.call(call).took();
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
