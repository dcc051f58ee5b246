package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Trait;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bit of everything, for hours: locks of one's own, locks that others want, tries that are
 * refused, and, by clients that do not renew, locks that are never given back and end with their
 * lease. Failing calls are counted and tried again.
 */
final class Mixed implements Task {
  private static final int SHARED = 8;
  private static final int ABANDONED_EVERY = 50;
  private static final long PAUSE_MILLIS = 20;

  /** What a thread did. */
  private record Done(long pairs, long errors) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    AtomicLong startNanos = new AtomicLong();
    List<Done> all =
        Crew.run(
            stage.load().threads(),
            () -> startNanos.set(System.nanoTime()),
            thread -> work(stage, thread, startNanos.get()));
    return Outcome.of(
        all.stream().mapToLong(Done::pairs).sum(),
        stage.load().millis() / 1e3,
        "",
        Map.of("errors", (double) all.stream().mapToLong(Done::errors).sum()));
  }

  private static Done work(Stage stage, int thread, long startNanos) throws InterruptedException {
    long lengthNanos = TimeUnit.MILLISECONDS.toNanos(stage.load().millis());
    boolean abandons = !Catalogue.get(stage.order().contender()).is(Trait.RENEWS) && thread == 0;
    long pairs = 0;
    long errors = 0;
    while (System.nanoTime() - startNanos < lengthNanos) {
      try {
        if (abandons && pairs % ABANDONED_EVERY == 0) {
          stage.contender().tryAcquire(stage.order().name(0) + "/abandoned-" + pairs % 100);
        }
        turn(stage, thread, pairs);
        pairs++;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        errors++;
        Thread.sleep(PAUSE_MILLIS);
      }
    }
    return new Done(pairs, errors);
  }

  private static void turn(Stage stage, int thread, long turn) throws Exception {
    int lock = lock(stage, thread, turn);
    String name = stage.order().name(lock);
    Optional<Held> held =
        turn % 4 == 3
            ? stage.contender().tryAcquire(name)
            : Optional.of(stage.contender().acquire(name));
    if (held.isPresent()) {
      long who = stage.order().who(thread);
      stage.referee().enter(lock, who, held.get().token());
      if (turn % 16 == 0) {
        Thread.sleep(ThreadLocalRandom.current().nextInt(3));
      }
      stage.referee().leave(lock, who);
      held.get().release();
    }
  }

  /** Half of the turns at a few locks that all clients share, the others at one's own. */
  private static int lock(Stage stage, int thread, long turn) {
    if (turn % 2 == 0) {
      return ThreadLocalRandom.current().nextInt(SHARED);
    }
    int clients = 2;
    int own = (stage.load().locks() - SHARED) / (stage.load().threads() * clients);
    int first = SHARED + ((stage.load().worker() - 1) * stage.load().threads() + thread) * own;
    return first + (int) (turn / 2 % own);
  }
}
