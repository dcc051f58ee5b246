package dev.fencepost.testkit.model;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.history.CallHistory;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.RecordedCall.Result;
import java.time.Duration;
import java.util.Comparator;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Clients of a model store in virtual time, over a network that is slow at times and loses answers.
 * They repeat what was not answered, forget what they hold, and release too late.
 */
final class RandomClients {

  private static final Duration TTL = Lease.MIN_TTL;
  private static final LockName LOCK = new LockName("lock");
  private static final long START_MICROS = 1_700_000_000_000_000L;

  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::atMicros));
  private final CallRecorder recorder = CallRecorder.inMemory(() -> nowMicros() * 1000);
  private final ModelStore store;
  private long nowMicros = START_MICROS;
  private int claims;

  RandomClients(long seed, ModelRules rules) {
    this.random = new Random(seed);
    this.store = new ModelStore(this::nowMicros, "simulated", (replica, lock) -> {}, rules);
  }

  /** What so many clients saw in that time. */
  CallHistory run(int clients, Duration time) {
    for (int i = 0; i < clients; i++) {
      ModelCaller caller = ModelCaller.of(ReplicaId.of(i));
      after(between(0, 1000), () -> acquire(caller, newClaim()));
    }
    long endMicros = nowMicros + time.toMillis() * 1000;
    while (!events.isEmpty() && events.element().atMicros() < endMicros) {
      Event next = events.remove();
      nowMicros = next.atMicros();
      next.act().run();
    }
    return recorder.history();
  }

  private void acquire(ModelCaller caller, Claim claim) {
    CallRecorder.Open open = recorder.acquire(LOCK.value(), claim.id().tag(), TTL);
    ask(
        () -> store.tryAcquire(caller, claim, QueueIntent.NONE),
        attempt ->
            attempt.fold(
                granted -> {
                  open.granted(granted.grant().token().value(), TTL);
                  hold(caller, claim, granted.grant().token());
                  return true;
                },
                busy -> {
                  open.answered(Result.NOT_GRANTED);
                  after(between(50, 500), () -> acquire(caller, newClaim()));
                  return false;
                },
                foreign -> {
                  throw new AssertionError("all clients are one principal: " + foreign);
                }),
        () -> acquire(caller, random.nextInt(4) > 0 ? claim : newClaim()));
  }

  private void hold(ModelCaller caller, Claim claim, FencingToken token) {
    int next = random.nextInt(10);
    if (next < 4) {
      after(between(100, 2500), () -> renew(caller, claim, token));
    } else if (next < 9) {
      after(between(50, 2500), () -> release(caller, claim, token));
    } else {
      after(between(50, 500), () -> acquire(caller, newClaim())); // As if it had died.
    }
  }

  private void renew(ModelCaller caller, Claim claim, FencingToken token) {
    CallRecorder.Open open = recorder.renew(LOCK.value(), claim.id().tag(), token.value(), TTL);
    ask(
        () -> store.renew(caller, new GrantRef(LOCK, claim.id(), token)),
        renewal ->
            renewal.fold(
                renewed -> {
                  open.answered(Result.RENEWED);
                  hold(caller, claim, token);
                  return true;
                },
                lost -> {
                  open.answered(Result.LOST);
                  acquire(caller, newClaim());
                  return false;
                },
                foreign -> {
                  throw new AssertionError("all clients are one principal: " + foreign);
                }),
        () -> renew(caller, claim, token));
  }

  private void release(ModelCaller caller, Claim claim, FencingToken token) {
    CallRecorder.Open open = recorder.release(LOCK.value(), claim.id().tag(), token.value());
    ask(
        () -> store.release(caller, ReleaseCommand.of(new GrantRef(LOCK, claim.id(), token))),
        release -> {
          open.answered(
              release.fold(
                  released -> Result.RELEASED,
                  withdrawn -> Result.NOT_HELD,
                  notHeld -> Result.NOT_HELD,
                  foreign -> Result.NOT_HELD));
          after(between(10, 300), () -> acquire(caller, newClaim()));
        },
        () -> release(caller, claim, token));
  }

  private <T> void ask(Supplier<T> step, Consumer<T> onAnswer, Runnable onSilence) {
    boolean lost = random.nextInt(10) == 0;
    boolean arrives = !lost || random.nextBoolean();
    long there = delayMillis();
    long back = delayMillis();
    if (arrives) {
      after(
          there,
          () -> {
            T answer = step.get();
            if (!lost) {
              after(back, () -> onAnswer.accept(answer));
            }
          });
    }
    if (lost) {
      after(between(100, 1000), onSilence);
    }
  }

  private long delayMillis() {
    return random.nextInt(20) == 0 ? between(500, 3000) : between(1, 20);
  }

  private long between(int leastMillis, int mostMillis) {
    return random.nextLong(leastMillis, mostMillis);
  }

  private void after(long millis, Runnable act) {
    events.add(new Event(nowMicros + millis * 1000 + random.nextInt(1000), act));
  }

  private Claim newClaim() {
    ClaimId id = new ClaimId(String.format(Locale.ROOT, "random-claim-of-a-run-%06d", ++claims));
    return new Claim(LOCK, id, Lease.of(TTL), Claimant.named("client"));
  }

  private long nowMicros() {
    return nowMicros;
  }

  private record Event(long atMicros, Runnable act) {}
}
