package dev.fencepost.cli;

import dev.fencepost.proto.v1.Lock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ls}: the locks that are held, closed or waited for. */
final class LsSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Lists the locks that are held, closed or waited for.");
    Options.optionalParameter(spec, 0, "PREFIX", "Only names that begin like this.");
    Options.flag(spec, "--contended", "Only locks that somebody waits for.");
    Options.value(
        spec, "--held-for", "D", "Only locks that have been held for at least this long.");
    Options.value(spec, "--limit", "N", "At most so many.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    Predicate<Lock> wanted = wanted(call);
    int limit = call.number("--limit", 1, Integer.MAX_VALUE).orElse(Integer.MAX_VALUE);
    Output output = call.output();
    AtomicInteger shown = new AtomicInteger();
    try (Servers servers = new Servers(call.servers())) {
      new Listing(servers, call.timeout())
          .visit(
              call.parameter(0).orElse(""),
              lock -> {
                if (wanted.test(lock)) {
                  output.print(() -> text(lock), () -> JsonLine.of(lock));
                  shown.incrementAndGet();
                }
                return shown.get() < limit;
              });
    }
    return ExitCode.DONE.code();
  }

  private static Predicate<Lock> wanted(Invocation call) {
    boolean contended = call.has("--contended");
    Optional<Duration> heldFor = call.duration("--held-for", Invocation.A_CENTURY);
    return lock ->
        (!contended || lock.getWaiterCount() > 0 || lock.getOtherReplicasWaiting() > 0)
            && heldFor.map(least -> isHeldFor(lock, least)).orElse(true);
  }

  private static boolean isHeldFor(Lock lock, Duration least) {
    return lock.getHoldersList().stream()
        .anyMatch(holder -> Wording.heldFor(holder).compareTo(least) >= 0);
  }

  private static String text(Lock lock) {
    String since =
        lock.getHoldersCount() == 0
            ? ""
            : ", since " + Spans.about(Wording.heldFor(lock.getHolders(0)));
    return Wording.printable(lock.getName()) + "  " + Wording.state(lock) + since;
  }
}
