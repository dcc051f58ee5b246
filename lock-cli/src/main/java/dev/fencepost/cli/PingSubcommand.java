package dev.fencepost.cli;

import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ping}: whether a server answers, which one, and how soon. */
final class PingSubcommand implements Subcommand {
  private static final double NANOS_PER_MILLI = 1e6;

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Asks a server what it is, and how long that takes.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      Question<GetServerInfoRequest, GetServerInfoResponse> question =
          Question.of(
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

  private static String text(Servers servers, GetServerInfoResponse info, Duration roundTrip) {
    return String.join(
        "\n",
        servers.current()
            + ": fencepost "
            + Wording.printable(info.getVersion())
            + ", round trip "
            + Math.round(roundTrip.toNanos() / NANOS_PER_MILLI * 10) / 10.0
            + "ms",
        "store: "
            + Wording.printable(info.getStore())
            + " "
            + Wording.printable(info.getStoreId())
            + ", replica "
            + Wording.printable(info.getReplicaId())
            + " of "
            + Math.max(1, info.getReplicasCount()));
  }
}
