package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.LockPager;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.Lock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ls}: lists the locks that are held, closed or waited for. */
final class LsSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Lists the locks that are held, closed or waited for.");
    CommandOptions.optionalParameter(spec, 0, "PREFIX", "Only names that begin like this.");
    CommandOptions.flag(spec, "--contended", "Only locks with waiters.");
    CommandOptions.value(
        spec, "--held-for", "D", "Only locks that have been held for at least this long.");
    CommandOptions.value(spec, "--limit", "N", "At most N locks.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    Predicate<Lock> wanted = wanted(invocation);
    int limit = invocation.number("--limit", 1, Integer.MAX_VALUE).orElse(Integer.MAX_VALUE);
    AnswerPrinter output = invocation.output();
    AtomicInteger shown = new AtomicInteger();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      new LockPager(servers, invocation.timeout())
          .visit(
              invocation.parameter(0).orElse(""),
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

  private static Predicate<Lock> wanted(CommandInvocation invocation) {
    boolean contended = invocation.has("--contended");
    Optional<Duration> heldFor = invocation.duration("--held-for", CommandInvocation.MAX_DURATION);
    return lock ->
        (!contended || lock.getWaiterCount() > 0 || lock.getOtherReplicasWaiting() > 0)
            && heldFor.map(least -> isHeldFor(lock, least)).orElse(true);
  }

  private static boolean isHeldFor(Lock lock, Duration least) {
    return lock.getHoldersList().stream()
        .anyMatch(holder -> LockText.heldFor(holder).compareTo(least) >= 0);
  }

  private static String text(Lock lock) {
    String since =
        lock.getHoldersCount() == 0
            ? ""
            : ", since " + WireDurations.printRounded(LockText.heldFor(lock.getHolders(0)));
    return LockText.printable(lock.getName()) + "  " + LockText.describeState(lock) + since;
  }
}
