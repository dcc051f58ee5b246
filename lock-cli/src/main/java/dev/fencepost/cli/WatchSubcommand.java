package dev.fencepost.cli;

import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.LockChange;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/** {@code watch}: every change of some locks, until it is interrupted. */
final class WatchSubcommand implements Subcommand {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Shows locks as they are, then every change. A prefix is looked at once a second, and"
                + " what is shorter may be missed; a name is followed by the server.");
    Options.optionalParameter(spec, 0, "PREFIX", "Only names that begin like this.");
    Options.values(spec, "--name", "NAME", "This lock, with every change; up to 100 times.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    Optional<String> prefix = call.parameter(0);
    List<LockName> names = call.texts("--name").stream().map(LockName::new).toList();
    if (prefix.isPresent() && !names.isEmpty()) {
      throw new UsageException("PREFIX and --name exclude each other");
    }
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      Watch watch =
          names.isEmpty()
              ? new PrefixWatch(servers, call.timeout(), prefix.orElse(""))
              : new NameWatch(servers, names);
      new Following(servers, call.timeout(), call.console())
          .follow(watch, change -> show(output, change));
      return ExitCode.DONE.code();
    }
  }

  private static void show(Output output, LockChange change) {
    output.print(() -> text(change), () -> JsonLine.of(change));
  }

  private static String text(LockChange change) {
    return CLOCK.format(LocalTime.now(ZoneId.systemDefault()))
        + " "
        + Wording.printable(change.getLock().getName())
        + " "
        + kind(change)
        + Wording.state(change.getLock());
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
