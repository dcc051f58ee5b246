package dev.fencepost.server.service.access;

import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CallerPrincipal;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.PrincipalRights;
import dev.fencepost.server.service.access.CallAccess.Judgement;
import dev.fencepost.server.transport.TransportIdentity;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Rules and credentials in force, and the open calls that depend on them. Thread-safe. */
public final class AccessControl {
  private final InstantSource clock;
  private final Set<CallAccess> open = ConcurrentHashMap.newKeySet();
  private volatile CallerAuthenticator inForce;

  /** Creates a control with the first rules and credentials. */
  public AccessControl(CallerAuthenticator first, InstantSource clock) {
    this.inForce = first;
    this.clock = clock;
  }

  /** Puts other rules and credentials in force, then has all open calls judged again. */
  public void replace(CallerAuthenticator next) {
    inForce = next;
    open.forEach(CallAccess::notifyChange);
  }

  /** Has the open calls judged again whose credentials have ended. */
  public void endExpired() {
    open.stream().filter(CallAccess::isExpired).forEach(CallAccess::notifyChange);
  }

  /** Returns what is in force. */
  public CallerAuthenticator inForce() {
    return inForce;
  }

  AccessRules rules() {
    return inForce.rules();
  }

  /**
   * Returns the access of a call that arrives.
   *
   * @throws CredentialException if the caller is not authenticated
   */
  public CallAccess admit(List<String> authorization, TransportIdentity transport) {
    CallerPrincipal caller = inForce.authenticate(authorization, transport, clock.instant());
    CallAccess access = new CallAccess(this, caller, authorization, transport);
    open.add(access);
    return access;
  }

  /** Forgets a call that has ended. */
  public void leave(CallAccess access) {
    open.remove(access);
  }

  Instant now() {
    return clock.instant();
  }

  /**
   * Judges an open call by these rules and credentials. It has no rights if its credential is not
   * valid, or is by now that of another principal than the one that began the call.
   */
  Judgement judge(
      CallerAuthenticator by,
      CallerPrincipal caller,
      List<String> authorization,
      TransportIdentity transport) {
    try {
      CallerPrincipal now = by.authenticate(authorization, transport, clock.instant());
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
