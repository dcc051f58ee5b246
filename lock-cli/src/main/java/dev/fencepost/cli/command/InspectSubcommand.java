package dev.fencepost.cli.command;

import dev.fencepost.cli.console.AnswerPrinter;
import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.JsonLine;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.ServerPool;
import dev.fencepost.cli.remote.UnaryCall;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetLockResponse;
import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.Waiter;
import java.util.StringJoiner;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;

/** {@code inspect}: shows a lock, its holder and its waiters. */
final class InspectSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Shows a lock, its holder and its waiters.");
    CommandOptions.parameter(spec, 0, "NAME", "The lock.");
  }

  @Override
  public int run(CommandInvocation invocation) throws InterruptedException {
    LockName lock = invocation.lock();
    AnswerPrinter output = invocation.output();
    try (ServerPool servers = new ServerPool(invocation.connection())) {
      GetLockResponse answer =
          servers
              .call(
                  UnaryCall.of(
                      LockServiceGrpc.getGetLockMethod(),
                      GetLockRequest.newBuilder().setName(lock.value()).build(),
                      invocation.timeout()))
              .message();
      output.print(() -> text(answer.getLock()), () -> JsonLine.of(answer));
      return ExitCode.DONE.code();
    }
  }

  private static String text(Lock lock) {
    StringJoiner text = new StringJoiner("\n");
    text.add(LockText.printable(lock.getName()) + " is " + LockText.describeState(lock));
    if (lock.getLastToken() > 0) {
      text.add("last token: " + lock.getLastToken());
    }
    for (Holder holder : lock.getHoldersList()) {
      add(text, holder);
    }
    for (Waiter waiter : lock.getWaitersList()) {
      text.add(
          "  waiter "
              + waiter.getPosition()
              + ": "
              + LockText.describeOwner(waiter.getOwner())
              + ", for "
              + WireDurations.printRounded(waiter.getWaited()));
    }
    if (lock.getWaiterCount() > lock.getWaitersCount()) {
      text.add("  and " + (lock.getWaiterCount() - lock.getWaitersCount()) + " more");
    }
    return text.toString();
  }

  private static void add(StringJoiner text, Holder holder) {
    text.add(
        "  holder: "
            + LockText.describeOwner(holder.getOwner())
            + ", claim tag "
            + holder.getClaimTag());
    text.add("  held for " + WireDurations.printRounded(LockText.heldFor(holder)));
    if (!holder.getPrincipal().isEmpty()) {
      text.add("  principal: " + LockText.printable(holder.getPrincipal()));
    }
    new TreeMap<>(holder.getMetadataMap())
        .forEach(
            (key, value) ->
                text.add("  " + LockText.printable(key) + "=" + LockText.printable(value)));
  }
}
