package dev.fencepost.testkit.model;

import static java.time.temporal.ChronoUnit.MICROS;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** What is wrong with a backend around rules that are right. */
enum BrokenBackend {
  /** Nothing is wrong. */
  NOT_AT_ALL {
    @Override
    LockBackend around(LockBackend sound, LongSupplier clockMicros) {
      return sound;
    }
  },

  /** A hand-over frees the lock first; a newcomer may come in between. */
  HAND_OVER_IN_TWO_STEPS {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      if (!method.getName().equals("handOver")) {
        return super.call(sound, method, arguments);
      }
      CompletionStage<Release> ended = sound.release(ReleaseCommand.of((GrantRef) arguments[0]));
      CompletionStage<Attempt> got =
          ended.thenCompose(
              release -> sound.tryAcquire((Claim) arguments[1], (QueueIntent) arguments[2]));
      return ended.thenCombine(got, HandOver::new);
    }
  },

  /** States come in another order than asked. */
  DESCRIBES_BACKWARDS {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      return method.getName().equals("describe")
          ? then(super.call(sound, method, arguments), BrokenBackend::backwards)
          : super.call(sound, method, arguments);
    }
  },

  /** One record that cannot be read fails the whole batch. */
  BAD_RECORD_FAILS_ALL {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      return method.getName().equals("describe")
          ? then(super.call(sound, method, arguments), states -> whole(states, arguments[0]))
          : super.call(sound, method, arguments);
    }

    private Object whole(Object states, Object asked) {
      if (((List<?>) states).size() < ((Collection<?>) asked).size()) {
        throw new StoreException(Failure.STORE_ERROR, "a record cannot be read");
      }
      return states;
    }
  },

  /** A page says that it is the last. */
  LISTS_ONE_PAGE {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      return method.getName().equals("list")
          ? then(
              super.call(sound, method, arguments),
              page -> new LockPage(((LockPage) page).locks(), Optional.empty()))
          : super.call(sound, method, arguments);
    }
  },

  /** {@code _} in a prefix stands for any character. */
  LISTS_BY_PATTERN {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      if (!method.getName().equals("list")) {
        return super.call(sound, method, arguments);
      }
      String prefix = ((ListQuery) arguments[0]).prefix();
      ListQuery all = new ListQuery("", Optional.empty(), ListQuery.MAX_LIMIT);
      return sound.list(all).thenApply(page -> like(page, prefix));
    }
  },

  /** A cursor of anybody's is taken for the beginning. */
  TAKES_ANY_CURSOR {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      Object answer = super.call(sound, method, arguments);
      return method.getName().equals("list")
          ? ((CompletableFuture<?>) answer)
              .handle((page, e) -> e == null ? page : new LockPage(List.of(), Optional.empty()))
          : answer;
    }
  },

  /** A closed replica stays in the store. */
  REPLICAS_STAY {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      return method.getName().equals("close") ? null : super.call(sound, method, arguments);
    }
  },

  /** Every store says that it is the same. */
  STORES_HAVE_ONE_ID {
    @Override
    Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
      Object answer = super.call(sound, method, arguments);
      return method.getName().equals("info") || method.getName().equals("open")
          ? then(answer, info -> withId((StoreInfo) info))
          : answer;
    }
  },

  /** A lease is counted from the call, not from the store's write. */
  LEASE_COUNTS_FROM_THE_CALL {
    @Override
    LockBackend around(LockBackend sound, LongSupplier clockMicros) {
      return proxy(
          (method, arguments) -> {
            long sent = clockMicros.getAsLong();
            Object answer = call(sound, method, arguments);
            return switch (method.getName()) {
              case "tryAcquire" ->
                  then(
                      answer,
                      attempt -> {
                        LockName lock = ((Claim) arguments[0]).lock();
                        WAITED_MICROS.put(lock, clockMicros.getAsLong() - sent);
                        return attempt;
                      });
              case "describe" ->
                  thenHolders(answer, lock -> holder -> shortened(holder, WAITED_MICROS.get(lock)));
              default -> answer;
            };
          });
    }
  },

  /** The secret of a claim is shown instead of its tag. */
  SHOWS_CLAIM_IDS {
    @Override
    LockBackend around(LockBackend sound, LongSupplier clockMicros) {
      Map<LockName, String> secrets = new ConcurrentHashMap<>();
      return proxy(
          (method, arguments) -> {
            if (method.getName().equals("tryAcquire")) {
              Claim claim = (Claim) arguments[0];
              secrets.putIfAbsent(claim.lock(), claim.id().value());
            }
            Object answer = call(sound, method, arguments);
            return method.getName().equals("describe")
                ? thenHolders(
                    answer,
                    lock ->
                        holder ->
                            new Holder(
                                holder.claimant(),
                                secrets.getOrDefault(lock, holder.claimTag()),
                                holder.token(),
                                holder.remainingAtMost(),
                                holder.acquiredAt()))
                : answer;
          });
    }
  },

  /** What was answered is gone after a restart. */
  FORGETS_AT_A_RESTART {
    @Override
    LockBackend around(LockBackend sound, LongSupplier clockMicros) {
      return sound;
    }

    @Override
    void onRestart(ModelServer server) {
      server.wipe();
    }
  };

  /** How long the last attempt on a lock was on its way; the names of locks are never reused. */
  private static final Map<LockName, Long> WAITED_MICROS = new ConcurrentHashMap<>();

  /** The sound backend, broken. */
  LockBackend around(LockBackend sound, LongSupplier clockMicros) {
    return proxy((method, arguments) -> call(sound, method, arguments));
  }

  /** Restarts the store. */
  void onRestart(ModelServer server) {
    // A sound one loses nothing.
  }

  Object call(LockBackend sound, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(sound, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private interface Calls {
    Object call(Method method, Object[] arguments) throws Throwable;
  }

  private static LockBackend proxy(Calls calls) {
    return (LockBackend)
        Proxy.newProxyInstance(
            LockBackend.class.getClassLoader(),
            new Class<?>[] {LockBackend.class},
            (proxy, method, arguments) -> calls.call(method, arguments));
  }

  private static Object thenHolders(
      Object stage, Function<LockName, UnaryOperator<Holder>> change) {
    return then(
        stage,
        states ->
            ((List<?>) states)
                .stream()
                    .map(LockState.class::cast)
                    .map(state -> withHolder(state, change.apply(state.lock())))
                    .toList());
  }

  private static Holder shortened(Holder holder, long byMicros) {
    return new Holder(
        holder.claimant(),
        holder.claimTag(),
        holder.token(),
        holder.remainingAtMost().minus(byMicros, MICROS),
        holder.acquiredAt());
  }

  private static LockState withHolder(LockState state, UnaryOperator<Holder> change) {
    return state
        .holder()
        .map(
            holder ->
                new LockState(
                    state.lock(),
                    new LockStatus.Held(change.apply(holder)),
                    state.lastToken(),
                    state.replicaQueue(),
                    state.presentToken()))
        .orElse(state);
  }

  private static Object then(Object stage, Function<Object, Object> change) {
    return ((CompletionStage<?>) stage).thenApply(change);
  }

  private static Object backwards(Object states) {
    List<Object> all = new ArrayList<>((List<?>) states);
    Collections.reverse(all);
    return all;
  }

  private static LockPage like(LockPage page, String prefix) {
    List<LockState> found =
        page.locks().stream()
            .filter(
                state -> {
                  String name = state.lock().value();
                  return name.length() >= prefix.length()
                      && IntStream.range(0, prefix.length())
                          .allMatch(
                              i -> prefix.charAt(i) == '_' || prefix.charAt(i) == name.charAt(i));
                })
            .toList();
    return new LockPage(found, Optional.empty());
  }

  private static StoreInfo withId(StoreInfo info) {
    return new StoreInfo(info.kind(), "the-store", info.leases(), info.replicas());
  }
}
