package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LeaseClient.Use;
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

/** Looks whether an etcd can keep the contract, and how. */
final class ServerCheck {
  private static final Logger LOG = LoggerFactory.getLogger(ServerCheck.class);
  private static final long TOO_SHORT_SECONDS = 1;

  /** No prefix begins so. */
  private static final ByteString NOT_OURS = ByteString.copyFrom(new byte[1]);

  private final EtcdConnections wire;
  private final EtcdSettings settings;
  private final LeaseClient leases;

  ServerCheck(EtcdConnections wire, EtcdSettings settings, LeaseClient leases) {
    this.wire = wire;
    this.settings = settings;
    this.leases = leases;
  }

  /**
   * What was found.
   *
   * @param mayNest whether batches may travel as nested transactions
   * @param terms which leases it keeps
   */
  record Found(boolean mayNest, TtlRounding terms) {}

  /** Asks the members in turn until one answers. */
  CompletionStage<Found> examine() {
    return examine(settings.endpoints().size());
  }

  private CompletionStage<Found> examine(int more) {
    CallDeadline deadline = CallDeadline.in(settings.callTimeout());
    return wire.call(
            MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance(), deadline)
        .thenApply(reply -> mayNest(reply.message().getVersion()))
        .exceptionallyCompose(
            error ->
                EtcdException.is(error, EtcdException.Kind.FORBIDDEN)
                    ? checksWhatIsNested(deadline)
                    : CompletableFuture.failedFuture(error))
        .thenCompose(
            mayNest ->
                // etcd makes a lease longer that is too short for its elections.
                leases
                    .grant(TOO_SHORT_SECONDS, Use.FREE, deadline)
                    .thenApply(shortest -> new Found(mayNest, TtlRounding.of(shortest.seconds()))))
        .exceptionallyCompose(
            error ->
                more > 0 && EtcdException.is(error, EtcdException.Kind.UNANSWERED)
                    ? examine(more - 1)
                    : CompletableFuture.failedFuture(error));
  }

  /**
   * Finds out by a nested read of a key that we need not and should not be allowed to read. Later
   * versions tell their number to administrators only, and to be one is more than our work needs.
   */
  private CompletionStage<Boolean> checksWhatIsNested(CallDeadline deadline) {
    if (settings.batchSize() == 1) {
      return CompletableFuture.completedStage(true);
    }
    TxnRequest nested = TxnRequest.newBuilder().addSuccess(TxnOps.get(NOT_OURS)).build();
    TxnRequest request =
        TxnRequest.newBuilder()
            .addSuccess(RequestOp.newBuilder().setRequestTxn(nested).build())
            .build();
    return wire.call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> trusted(false, "of unknown version"))
        .exceptionallyCompose(
            error ->
                EtcdException.is(error, EtcdException.Kind.FORBIDDEN)
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
    return trusted(version.filter(EtcdVersion::checksNestedTransactions).isPresent(), text);
  }

  private static boolean trusted(boolean safe, String version) {
    if (!safe) {
      LOG.warn(
          "etcd {} is not seen to check permissions inside nested transactions (CVE-2026-33343):"
              + " locks travel one by one. Use 3.5.28, 3.6.9 or later, and a user that may read and"
              + " write the prefix only",
          version);
    }
    return safe;
  }

  /** What a failure while we open says about the settings, if it does. */
  Throwable explained(Throwable error) {
    Optional<EtcdException.Kind> kind = EtcdException.in(error).map(EtcdException::kind);
    if (kind.filter(EtcdException.Kind.LOGGED_OUT::equals).isPresent()) {
      return new StoreConfigurationException(
          settings.login().isPresent()
              ? "etcd refuses the user or the password (store options user and password)"
              : "etcd wants a user (set the store options user and password)",
          error);
    }
    if (kind.filter(EtcdException.Kind.FORBIDDEN::equals).isPresent()) {
      return new StoreConfigurationException(
          "etcd's user may not do what is needed (grant it a role with readwrite on the prefix "
              + settings.prefix()
              + "/)",
          error);
    }
    return EtcdException.in(error)
        .flatMap(TlsFault::of)
        .<Throwable>map(words -> new StoreConfigurationException(words, error))
        .orElse(error);
  }
}
