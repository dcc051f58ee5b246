package dev.fencepost.cli.command;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import java.util.Objects;
import picocli.CommandLine.Model.CommandSpec;

/** {@code version}: shows the version of this command line. */
final class VersionSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Shows the version of this command; ping shows the server's.");
  }

  @Override
  public Reach reach() {
    return Reach.LOCAL;
  }

  @Override
  public int run(CommandInvocation invocation) {
    // The version is in the manifest of the jar; classes outside a jar have none.
    String version =
        Objects.requireNonNullElse(
            VersionSubcommand.class.getPackage().getImplementationVersion(), "unreleased");
    invocation
        .output()
        .print(
            () -> "fencepost " + version,
            () ->
                JsonLine.of(
                    Struct.newBuilder()
                        .putFields("version", Value.newBuilder().setStringValue(version).build())));
    return ExitCode.DONE.code();
  }
}
