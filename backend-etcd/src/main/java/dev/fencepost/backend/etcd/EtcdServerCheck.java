package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.lease.TtlRounding;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.EtcdVersion;
import dev.fencepost.backend.etcd.rpc.TlsFault;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.spi.StoreConfigurationException;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks whether an etcd can keep the contract, and with which settings. */
final class EtcdServerCheck {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdServerCheck.class);
  private static final long SHORTEST_SECONDS = 1;

  /** Outside every store, because no prefix begins with this byte. */
  private static final ByteString FOREIGN_KEY = ByteString.copyFrom(new byte[1]);

  private final EtcdConnections connections;
  private final EtcdSettings settings;
  private final LeaseClient leases;

  EtcdServerCheck(EtcdConnections connections, EtcdSettings settings, LeaseClient leases) {
    this.connections = connections;
    this.settings = settings;
    this.leases = leases;
  }

  /**
   * The result of the check.
   *
   * @param mayNest true if batches may travel as nested transactions
   * @param rounding the leases that etcd can grant
   */
  record Result(boolean mayNest, TtlRounding rounding) {}

  /** Checks one member after another, until one answers. */
  CompletionStage<Result> run() {
    return run(settings.endpoints().size());
  }

  private CompletionStage<Result> run(int triesLeft) {
    CallDeadline deadline = CallDeadline.in(settings.callTimeout());
    return connections
        .call(MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance(), deadline)
        .thenApply(reply -> mayNest(reply.message().getVersion()))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.FORBIDDEN)
                    ? probeNestedPermissions(deadline)
                    : CompletableFuture.failedFuture(error))
        .thenCompose(
            mayNest ->
                // etcd lengthens a lease that is too short for its elections.
                leases
                    .grant(SHORTEST_SECONDS, LeaseUse.FREE, deadline)
                    .thenApply(shortest -> new Result(mayNest, TtlRounding.of(shortest.seconds()))))
        .exceptionallyCompose(
            error ->
                triesLeft > 0 && EtcdException.isKind(error, EtcdException.Kind.UNANSWERED)
                    ? run(triesLeft - 1)
                    : CompletableFuture.failedFuture(error));
  }

  /**
   * Tries a nested read of a key that this user neither needs nor should be allowed to read. Later
   * versions tell their number to administrators only, and this store needs no administrator.
   */
  private CompletionStage<Boolean> probeNestedPermissions(CallDeadline deadline) {
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
                EtcdException.isKind(error, EtcdException.Kind.FORBIDDEN)
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
  Throwable explain(Throwable error) {
    Optional<EtcdException.Kind> kind = EtcdException.find(error).map(EtcdException::kind);
    if (kind.filter(EtcdException.Kind.LOGGED_OUT::equals).isPresent()) {
      return new StoreConfigurationException(
          settings.login().isPresent()
              ? "etcd refuses the user or the password (store options user and password)"
              : "etcd requires a user (set the store options user and password)",
          error);
    }
    if (kind.filter(EtcdException.Kind.FORBIDDEN::equals).isPresent()) {
      return new StoreConfigurationException(
          "etcd's user lacks a permission (grant it a role with readwrite on the prefix "
              + settings.prefix()
              + "/)",
          error);
    }
    return EtcdException.find(error)
        .flatMap(TlsFault::of)
        .<Throwable>map(words -> new StoreConfigurationException(words, error))
        .orElse(error);
  }
}
