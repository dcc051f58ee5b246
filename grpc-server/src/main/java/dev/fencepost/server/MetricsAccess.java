package dev.fencepost.server;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.HttpEndpoint.Page;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.service.access.AccessRefusedException;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.transport.TransportIdentity;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;

/**
 * Checks the right <em>metrics</em> of HTTP clients. Without identity everybody has it.
 * Thread-safe.
 */
final class MetricsAccess {
  private static final String OPERATION = "HTTP";
  private static final String SERVER = "this server";

  private final Optional<AccessControl> control;
  private final Predicate<TransportIdentity> trusted;

  /**
   * Creates a check.
   *
   * @param control rules and credentials; empty if callers have no identity
   * @param trusted returns false for peers whose certificate is no longer valid
   */
  MetricsAccess(Optional<AccessControl> control, Predicate<TransportIdentity> trusted) {
    this.control = control;
    this.trusted = trusted;
  }

  /** Returns the page that refuses a client; empty if it may read metrics. May verify a JWT. */
  Optional<Page> refusal(CallCredentials shown) {
    if (control.isEmpty()) {
      return Optional.empty();
    }
    try {
      require(control.get(), shown, control.get().verify(shown));
      return Optional.empty();
    } catch (CredentialException e) {
      control.get().recordRefusal(shown, e, OPERATION);
      return Optional.of(Page.text(401, String.valueOf(e.getMessage())));
    } catch (AccessRefusedException e) {
      return Optional.of(Page.text(403, e.reason() + ": " + e.getMessage()));
    } catch (OverLimitException e) {
      return Optional.of(Page.text(503, String.valueOf(e.getMessage())));
    }
  }

  /** Returns true if a client may see reasons. Never blocks: an unknown JWT may see none. */
  boolean allows(CallCredentials shown) {
    if (control.isEmpty()) {
      return true;
    }
    CompletableFuture<CallCredentials> verified = control.get().verify(shown);
    try {
      return verified.isDone() && isAllowed(control.get(), shown, verified);
    } catch (CredentialException | OverLimitException e) {
      return false;
    }
  }

  private boolean isAllowed(
      AccessControl by, CallCredentials shown, CompletableFuture<CallCredentials> verified) {
    CallAccess access = admit(by, shown, verified);
    try {
      return access.allows(AccessOperation.METRICS, TargetKind.SERVER, SERVER);
    } finally {
      by.leave(access);
    }
  }

  private void require(
      AccessControl by, CallCredentials shown, CompletableFuture<CallCredentials> verified) {
    CallAccess access = admit(by, shown, verified);
    try {
      access.require(AccessOperation.METRICS, TargetKind.SERVER, SERVER);
    } finally {
      by.leave(access);
    }
  }

  private CallAccess admit(
      AccessControl by, CallCredentials shown, CompletableFuture<CallCredentials> verified) {
    if (!trusted.test(shown.transport())) {
      throw CredentialException.bad("the authority of the certificate is gone");
    }
    try {
      return by.admit(verified.join());
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException refusal) {
        throw refusal;
      }
      throw e;
    }
  }
}
