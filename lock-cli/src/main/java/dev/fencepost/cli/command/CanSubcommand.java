package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.CheckAccessRequest;
import dev.fencepost.proto.v1.CheckAccessResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/**
 * {@code can}: answers from a rules file, or asks a server, whether a principal may do something.
 */
final class CanSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Says whether a principal may do something: yes (exit code 0) or no (1), and the line"
                + " of the rules that decides. Asks a server, unless --rules names a file.");
    CommandOptions.parameter(
        spec, 0, "PRINCIPAL", "A typed name, an alias or anonymous; - is the caller.");
    CommandOptions.parameter(spec, 1, "OPERATION", "For example acquire.");
    CommandOptions.rest(
        spec, 2, "NAME", "The lock, or the word resource and a resource; none: the server.");
    CommandOptions.value(spec, "--rules", "FILE", "The rules file.");
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT);
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    String principal = invocation.parameter(0).orElseThrow();
    String operation = invocation.parameter(1).orElseThrow();
    List<String> target = invocation.parametersFrom(2);
    Optional<String> file = invocation.text("--rules");
    if (file.isPresent()) {
      return ServerEntry.can(invocation.console(), file.get(), principal, operation, target);
    }
    CheckAccessRequest request = request(principal, operation, target);
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      CheckAccessResponse answer =
          servers
              .call(
                  UnaryCall.of(
                      AdminServiceGrpc.getCheckAccessMethod(), request, invocation.timeout()))
              .message();
      invocation.console().out().println(text(answer));
      return answer.getAllowed() ? ExitCode.DONE.code() : ExitCode.NO.code();
    }
  }

  private static CheckAccessRequest request(
      String principal, String operation, List<String> target) {
    CheckAccessRequest.Builder request =
        CheckAccessRequest.newBuilder()
            .setPrincipal(principal.equals("-") ? "" : principal)
            .setOperation(operation);
    boolean isResource = target.size() == 2 && target.get(0).equals("resource");
    if (target.size() > (isResource ? 2 : 1)) {
      throw new UsageException("NAME, resource NAME or nothing is expected after the operation");
    }
    if (isResource) {
      return request.setResource(target.get(1)).build();
    }
    return target.isEmpty() ? request.build() : request.setLock(target.get(0)).build();
  }

  private static String text(CheckAccessResponse answer) {
    String line = answer.getRuleLine() == 0 ? "" : ": rules:" + answer.getRuleLine();
    return (answer.getAllowed() ? "yes" : "no") + line;
  }
}
