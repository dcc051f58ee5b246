package dev.fencepost.server.service.access;

import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.audit.RefusalKey;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CallerPrincipal;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.identity.JwtChecks;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.PrincipalRights;
import dev.fencepost.server.service.access.CallAccess.Judgement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Rules and credentials in force, and the open calls that depend on them. Thread-safe. */
public final class AccessControl {
  private final Optional<JwtChecks> jwts;
  private final Duration grace;
  private final InstantSource clock;
  private final AuditTrail audit;
  private final Set<SeenCaller> seen = ConcurrentHashMap.newKeySet();
  private final boolean sharesUnowned;
  private final Set<CallAccess> open = ConcurrentHashMap.newKeySet();
  private volatile CallerAuthenticator inForce;

  /** Most callers that are remembered, so that each is audited once and not for each call. */
  private static final int MAX_SEEN = 10_000;

  /** A credential that came from a host. */
  private record SeenCaller(String principal, String credential, String host) {}

  /**
   * Creates a control.
   *
   * @param first first rules and credentials
   * @param jwts verifies JWTs; empty if they are no credentials
   * @param grace time after the end of a credential in which it still renews and releases
   * @param sharesUnowned true if a grant that was made without a principal belongs to every caller
   *     who knows its claim id and token
   */
  public AccessControl(
      CallerAuthenticator first,
      Optional<JwtChecks> jwts,
      Duration grace,
      boolean sharesUnowned,
      InstantSource clock,
      AuditTrail audit) {
    this.inForce = first;
    this.jwts = jwts;
    this.grace = grace;
    this.clock = clock;
    this.audit = audit;
    this.sharesUnowned = sharesUnowned;
  }

  /** Puts other rules and credentials in force, then has all open calls judged again. */
  public void replace(CallerAuthenticator next) {
    inForce = next;
    open.forEach(CallAccess::notifyChange);
  }

  /** Has the open calls judged again whose credentials, or the grace after them, have ended. */
  public void endExpired() {
    open.stream().filter(CallAccess::hasReachedEnd).forEach(CallAccess::notifyChange);
  }

  /** Returns what is in force. */
  public CallerAuthenticator inForce() {
    return inForce;
  }

  boolean sharesUnowned() {
    return sharesUnowned;
  }

  AccessRules rules() {
    return inForce.rules();
  }

  /**
   * Verifies the JWT of a call, if it has one. Never blocks.
   *
   * @return the credentials with their JWT, complete unless the JWT is verified for the first time.
   *     It fails if the JWT is refused
   */
  public CompletableFuture<CallCredentials> verify(CallCredentials shown) {
    Optional<String> jwt = shown.unverifiedJwt();
    if (jwts.isEmpty() || jwt.isEmpty()) {
      return CompletableFuture.completedFuture(shown);
    }
    return jwts.get().verify(jwt.get()).thenApply(shown::with);
  }

  /**
   * Returns the access of a call that arrives.
   *
   * @throws CredentialException if the caller is not authenticated
   */
  public CallAccess admit(CallCredentials shown) {
    CallAccess access = create(shown);
    access.requireValid();
    open.add(access);
    access.recordAuthenticated();
    return access;
  }

  /**
   * Returns the access of a call that renews or releases. Its credential may have ended.
   *
   * @throws CredentialException if the caller is not authenticated, or the grace is over
   */
  public CallAccess admitHolder(CallCredentials shown) {
    CallAccess access = create(shown);
    access.requireWithinGrace();
    open.add(access);
    access.recordAuthenticated();
    return access;
  }

  /** Audits that a caller is not authenticated. */
  public void recordRefusal(CallCredentials shown, CredentialException refusal, String operation) {
    RefusalKey key =
        new RefusalKey(
            AuditKind.REFUSED,
            "",
            CallAccess.host(shown.peer()),
            operation,
            refusal.fault().name());
    audit.recordRefusal(key, () -> key.entry().with("peer", shown.peer()));
  }

  /** Returns true if the credential did not come from the host before, as far as is known. */
  boolean isNewCaller(CallerPrincipal caller, String host) {
    if (seen.size() >= MAX_SEEN) {
      seen.clear();
    }
    return seen.add(new SeenCaller(caller.name(), caller.credential(), host));
  }

  AuditTrail audit() {
    return audit;
  }

  private CallAccess create(CallCredentials shown) {
    return new CallAccess(this, inForce.authenticate(shown), shown);
  }

  /** Forgets a call that has ended. */
  public void leave(CallAccess access) {
    open.remove(access);
  }

  /** Returns true if the end of a credential is reached. */
  boolean isOver(Instant end) {
    return !clock.instant().isBefore(end);
  }

  /** Returns true if the end of a credential is reached, and the grace after it is over. */
  boolean isGraceOver(Instant end) {
    return !clock.instant().minus(grace).isBefore(end);
  }

  /**
   * Judges an open call by these rules and credentials. It has no rights if its credential is not
   * in force, or is by now that of another principal than the one that began the call.
   */
  Judgement judge(CallerAuthenticator by, CallerPrincipal caller, CallCredentials shown) {
    try {
      CallerPrincipal now = by.authenticate(shown);
      PrincipalRights rights =
          now.name().equals(caller.name())
              ? by.rules().rightsOf(now.name())
              : PrincipalRights.NO_RIGHTS;
      return new Judgement(by, rights, now.end());
    } catch (CredentialException e) {
      return new Judgement(by, PrincipalRights.NO_RIGHTS, Instant.MAX);
    }
  }
}
