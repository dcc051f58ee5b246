package dev.fencepost.cli;

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

/** {@code inspect}: one lock, its holder and who waits for it. */
final class InspectSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Shows a lock, its holder and who waits for it.");
    Options.parameter(spec, 0, "NAME", "The lock.");
  }

  @Override
  public int run(Invocation call) throws InterruptedException {
    LockName lock = call.lock();
    Output output = call.output();
    try (Servers servers = new Servers(call.servers())) {
      GetLockResponse answer =
          servers
              .ask(
                  Question.of(
                      LockServiceGrpc.getGetLockMethod(),
                      GetLockRequest.newBuilder().setName(lock.value()).build(),
                      call.timeout()))
              .answer();
      output.print(() -> text(answer.getLock()), () -> JsonLine.of(answer));
      return ExitCode.DONE.code();
    }
  }

  private static String text(Lock lock) {
    StringJoiner text = new StringJoiner("\n");
    text.add(Wording.printable(lock.getName()) + " is " + Wording.state(lock));
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
              + Wording.owner(waiter.getOwner())
              + ", for "
              + Spans.about(waiter.getWaited()));
    }
    if (lock.getWaiterCount() > lock.getWaitersCount()) {
      text.add("  and " + (lock.getWaiterCount() - lock.getWaitersCount()) + " more");
    }
    return text.toString();
  }

  private static void add(StringJoiner text, Holder holder) {
    text.add(
        "  holder: " + Wording.owner(holder.getOwner()) + ", claim tag " + holder.getClaimTag());
    text.add("  held for " + Spans.about(Wording.heldFor(holder)));
    if (!holder.getPrincipal().isEmpty()) {
      text.add("  principal: " + Wording.printable(holder.getPrincipal()));
    }
    new TreeMap<>(holder.getMetadataMap())
        .forEach(
            (key, value) ->
                text.add("  " + Wording.printable(key) + "=" + Wording.printable(value)));
  }
}
