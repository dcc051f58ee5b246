package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.ChangeSource;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.NameWatch;
import dev.fencepost.cli.remote.PrefixWatch;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.WatchReconnector;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.LockChange;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/** {@code watch}: shows every change of some locks, until it is interrupted. */
final class WatchSubcommand implements CliSubcommand {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Shows the locks, then every change. A PREFIX is listed once a second and may miss"
                + " shorter changes; --name is watched by the server.");
    CommandOptions.optionalParameter(spec, 0, "PREFIX", "Only names that begin like this.");
    CommandOptions.values(spec, "--name", "NAME", "This lock, with every change; up to 100 times.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    Optional<String> prefix = invocation.parameter(0);
    List<LockName> names = invocation.texts("--name").stream().map(LockName::new).toList();
    if (prefix.isPresent() && !names.isEmpty()) {
      throw new UsageException("PREFIX and --name exclude each other");
    }
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      ChangeSource source =
          names.isEmpty()
              ? new PrefixWatch(servers, invocation.timeout(), prefix.orElse(""))
              : new NameWatch(servers, names);
      new WatchReconnector(servers, invocation.timeout(), invocation.console())
          .follow(source, change -> show(output, change));
      return ExitCode.DONE.code();
    }
  }

  private static void show(AnswerPrinter output, LockChange change) {
    output.print(() -> text(change), () -> JsonLine.of(change));
  }

  private static String text(LockChange change) {
    return CLOCK.format(LocalTime.now(ZoneId.systemDefault()))
        + " "
        + LockText.printable(change.getLock().getName())
        + " "
        + kind(change)
        + LockText.describeState(change.getLock());
  }

  private static String kind(LockChange change) {
    return switch (change.getKind()) {
      case LOCK_CHANGE_KIND_GRANTED -> "granted: ";
      case LOCK_CHANGE_KIND_RELEASED -> "released: ";
      case LOCK_CHANGE_KIND_EXPIRED -> "expired: ";
      case LOCK_CHANGE_KIND_REVOKED -> "revoked: ";
      default -> "";
    };
  }
}
