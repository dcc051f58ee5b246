package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.EtcdException.Kind;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.EtcdVersion;
import dev.fencepost.backend.etcd.rpc.LeaseClient;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.TtlRounding;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.lock.spi.support.StoreOpener;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens an etcd: checks whether it can keep the contract, and with which settings. */
final class EtcdBackend implements StoreOpener<EtcdStore> {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdBackend.class);
  private static final CallFailures FAILURES = new CallFailures("etcd");
  private static final long SHORTEST_SECONDS = 1;

  /** Outside every store, because no prefix begins with this byte. */
  private static final ByteString FOREIGN_KEY = ByteString.copyFrom(new byte[1]);

  private final EtcdSettings settings;
  private final ClockAndRandom environment;

  EtcdBackend(EtcdSettings settings, ClockAndRandom environment) {
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * The clock and the randomness of a backend.
   *
   * @param clockNanos the wall clock, in ns since 1970; for tokens and for people, never for
   *     ownership
   * @param random 64 random bits
   * @param newStoreId an id that no other store has
   */
  record ClockAndRandom(
      LongSupplier clockNanos, LongSupplier random, Supplier<String> newStoreId) {}

  /** An attempt to open the store, and what it passes on to the store. */
  record Opening(
      Replica self,
      Consumer<LockName> wake,
      ClockAndRandom environment,
      EtcdConnections connections,
      CallFailures failures,
      CallDeadlines deadlines) {}

  @Override
  public CompletionStage<OpenedStore<EtcdStore>> open(Replica self, Consumer<LockName> wake) {
    EtcdConnections connections = new EtcdConnections(settings);
    CallDeadlines deadlines =
        new CallDeadlines(
            "fencepost-etcd-timers", error -> LOG.error("A periodic task failed", error));
    Opening opening = new Opening(self, wake, environment, connections, FAILURES, deadlines);
    return check(opening, settings.endpoints().size())
        .thenCompose(
            fitness -> {
              EtcdSettings usable = fitness.mayNest() ? settings : settings.withoutBatches();
              EtcdStore store = new EtcdStore(opening, fitness.rounding(), usable);
              return store.start(self).thenApply(info -> new OpenedStore<>(store, info));
            })
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                deadlines.close();
                connections.close();
              }
            })
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(explain(error)));
  }

  /**
   * The result of the check.
   *
   * @param mayNest true if batches may travel as nested transactions
   * @param rounding the leases that etcd can grant
   */
  private record Fitness(boolean mayNest, TtlRounding rounding) {}

  /** Checks one member after another, until one answers. */
  private CompletionStage<Fitness> check(Opening opening, int triesLeft) {
    EtcdConnections connections = opening.connections();
    CallDeadline deadline = CallDeadline.in(settings.callTimeout());
    CallGate noQueries = new CallGate(FAILURES, opening.deadlines(), 1, 1);
    LeaseClient leases = new LeaseClient(connections, environment.random(), noQueries);
    return connections
        .call(MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance(), deadline)
        .thenApply(reply -> mayNest(reply.message().getVersion()))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, Kind.FORBIDDEN)
                    ? probeNestedPermissions(connections, deadline)
                    : CompletableFuture.failedFuture(error))
        .thenCompose(
            mayNest ->
                // etcd lengthens a lease that is too short for its elections.
                leases
                    .grant(SHORTEST_SECONDS, LeaseUse.FREE, deadline)
                    .thenApply(given -> new Fitness(mayNest, TtlRounding.of(given.seconds()))))
        .exceptionallyCompose(
            error ->
                triesLeft > 0 && EtcdException.isKind(error, Kind.UNANSWERED)
                    ? check(opening, triesLeft - 1)
                    : CompletableFuture.failedFuture(error));
  }

  /**
   * Tries a nested read of a key that this user neither needs nor should be allowed to read. Later
   * versions tell their number to administrators only, and this store needs no administrator.
   */
  private CompletionStage<Boolean> probeNestedPermissions(
      EtcdConnections connections, CallDeadline deadline) {
    if (settings.batchSize() == 1) {
      return CompletableFuture.completedStage(true);
    }
    TxnRequest nested = TxnRequest.newBuilder().addSuccess(TxnOps.get(FOREIGN_KEY)).build();
    TxnRequest request =
        TxnRequest.newBuilder()
            .addSuccess(RequestOp.newBuilder().setRequestTxn(nested).build())
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> logIfUnsafe(false, "of unknown version"))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, Kind.FORBIDDEN)
                    ? CompletableFuture.completedStage(true)
                    : CompletableFuture.failedFuture(error));
  }

  private boolean mayNest(String text) {
    Optional<EtcdVersion> version = EtcdVersion.parse(text);
    if (version.filter(v -> !v.isAtLeast(3, 4, 0)).isPresent()) {
      throw new StoreConfigurationException(
          "etcd " + text + " is too old (expected: 3.4 or later)");
    }
    if (settings.login().isEmpty() || settings.batchSize() == 1) {
      return true;
    }
    return logIfUnsafe(version.filter(EtcdVersion::checksNestedTransactions).isPresent(), text);
  }

  private static boolean logIfUnsafe(boolean safe, String version) {
    if (!safe) {
      LOG.warn(
          "etcd {} is not known to check permissions inside nested transactions"
              + " (CVE-2026-33343), so each lock has a transaction of its own. Use 3.5.28, 3.6.9 or"
              + " later, and a user that may read and write the prefix only",
          version);
    }
    return safe;
  }

  /** Returns a failure to open as a fault of the settings, if that is its cause. */
  private Throwable explain(Throwable error) {
    if (EtcdException.isKind(error, Kind.LOGGED_OUT)) {
      return new StoreConfigurationException(
          settings.login().isPresent()
              ? "etcd refuses the user or the password (store options user and password)"
              : "etcd requires a user (set the store options user and password)",
          error);
    }
    if (EtcdException.isKind(error, Kind.FORBIDDEN)) {
      return new StoreConfigurationException(
          "etcd's user lacks a permission (grant it a role with readwrite on the prefix "
              + settings.prefix()
              + "/)",
          error);
    }
    return EtcdException.find(error)
        .flatMap(EtcdErrors::tlsFault)
        .<Throwable>map(words -> new StoreConfigurationException(words, error))
        .orElse(error);
  }
}
