package dev.fencepost.testkit.model;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * One {@link ModelStore} that several {@link ModelBackend}s share, each as another replica. Safe
 * for use by many threads: one step happens at a time.
 */
public final class ModelServer {

  private final ModelStore store;
  private final Executor executor;
  private final Object oneAtATime = new Object();
  private final List<Wake> pending = new ArrayList<>();
  private final Map<ReplicaId, Consumer<LockName>> listeners = new ConcurrentHashMap<>();

  /**
   * Makes an empty store.
   *
   * @param clockMicros the store's clock, in µs since 1970
   * @param executor on which steps happen, stages complete and wake-ups are told
   */
  public ModelServer(LongSupplier clockMicros, Executor executor) {
    this(clockMicros, executor, new ModelRules());
  }

  ModelServer(LongSupplier clockMicros, Executor executor, ModelRules rules) {
    this.executor = executor;
    this.store =
        new ModelStore(
            clockMicros,
            newStoreId(),
            (replica, lock) -> pending.add(new Wake(replica, lock)),
            rules);
  }

  /** An empty store on this machine's clock, whose stages are complete when they are returned. */
  public static ModelServer direct() {
    return new ModelServer(ModelServer::wallClockMicros, Runnable::run);
  }

  /** This machine's clock, in µs since 1970. */
  public static long wallClockMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  /** Makes the backend of one more replica. */
  public ModelBackend newBackend() {
    return new ModelBackend(this);
  }

  /** Reads or changes the store, between two steps. */
  public <T> T within(Function<ModelStore, T> act) {
    synchronized (oneAtATime) {
      return act.apply(store);
    }
  }

  /** Forgets everything, as if replaced by an empty store with another id. */
  public void wipe() {
    synchronized (oneAtATime) {
      store.wipe(newStoreId());
    }
  }

  <T> CompletionStage<T> call(Function<ModelStore, T> step) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    executor.execute(() -> run(step, answer));
    return answer;
  }

  void listen(ReplicaId replica, Consumer<LockName> wake) {
    listeners.put(replica, wake);
  }

  void silence(ReplicaId replica) {
    listeners.remove(replica);
  }

  private <T> void run(Function<ModelStore, T> step, CompletableFuture<T> answer) {
    T outcome;
    List<Wake> woken;
    try {
      synchronized (oneAtATime) {
        outcome = step.apply(store);
        woken = List.copyOf(pending);
        pending.clear();
      }
    } catch (RuntimeException e) {
      answer.completeExceptionally(e);
      return;
    }
    answer.complete(outcome);
    woken.forEach(wake -> listeners.getOrDefault(wake.replica(), lock -> {}).accept(wake.lock()));
  }

  private static String newStoreId() {
    return UUID.randomUUID().toString();
  }

  private record Wake(ReplicaId replica, LockName lock) {}
}
