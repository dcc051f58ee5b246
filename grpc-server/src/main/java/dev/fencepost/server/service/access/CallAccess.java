package dev.fencepost.server.service.access;

import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockMode;
import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.RefusalKey;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CallerPrincipal;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.security.AccessDecision;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.AccessQuestion;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.PrincipalRights;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.transport.TransportIdentity;
import io.grpc.Context;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caller of one call, with its rights at this moment. Answers change when rules or credentials
 * change while the call is open. Thread-safe.
 */
public final class CallAccess {
  private static final Logger LOG = LoggerFactory.getLogger(CallAccess.class);

  /** Context key for the access of the call that a thread handles. */
  public static final Context.Key<CallAccess> KEY = Context.key("fencepost-access");

  /** The access of every call of a server without rules and tokens. */
  public static final CallAccess UNLIMITED =
      new CallAccess(
          null,
          CallerPrincipal.ANONYMOUS,
          new CallCredentials(
              List.of(), new TransportIdentity(List.of(), false, true), "", Optional.empty()));

  private volatile @Nullable Judgement judgement;
  private final @Nullable AccessControl control;
  private final CallerPrincipal caller;
  private final CallCredentials shown;
  private final AtomicReference<Stage> notified = new AtomicReference<>(Stage.VALID);
  private final Set<Runnable> listeners = ConcurrentHashMap.newKeySet();

  /** Times in the life of a credential. */
  private enum Stage {
    VALID,
    GRACE,
    OVER
  }

  /**
   * The rights by the rules and credentials that were last in force.
   *
   * @param by rules and credentials
   * @param end end of the credential by them
   */
  record Judgement(CallerAuthenticator by, PrincipalRights rights, Instant end) {}

  CallAccess(@Nullable AccessControl control, CallerPrincipal caller, CallCredentials shown) {
    this.control = control;
    this.caller = caller;
    this.shown = shown;
  }

  /** Returns the access of the call that this thread handles. */
  public static CallAccess current() {
    CallAccess access = KEY.get();
    return access == null ? UNLIMITED : access;
  }

  /** Returns true if the rules in force allow this, whether or not the credential has ended. */
  public boolean allows(AccessOperation operation, TargetKind kind, String name) {
    return rights().allows(operation, kind, name);
  }

  /** Returns true if the rules in force allow this on the lock. */
  public boolean allows(AccessOperation operation, String lock) {
    return allows(operation, TargetKind.LOCK, lock);
  }

  /**
   * Checks that the credential has not ended.
   *
   * @throws CredentialException if it has
   */
  public void requireValid() {
    if (stage() != Stage.VALID) {
      throw CredentialException.expired();
    }
  }

  /**
   * Checks that the credential may still renew and release.
   *
   * @throws CredentialException if the grace after its end is over
   */
  public void requireWithinGrace() {
    if (stage() == Stage.OVER) {
      throw CredentialException.expired();
    }
  }

  /** Returns false if there is no lock below the prefix that the caller may list. */
  public boolean allowsListingBelow(String prefix) {
    return rights().mayAllowBelow(AccessOperation.LIST, prefix);
  }

  /**
   * Checks a right.
   *
   * @throws AccessRefusedException if the caller does not have it
   * @throws CredentialException if the credential has ended
   */
  public void require(AccessOperation operation, TargetKind kind, String name) {
    requireValid();
    if (!allows(operation, kind, name)) {
      throw refusal(operation.word(), kind, name);
    }
  }

  /** Checks a right on a lock. */
  public void require(AccessOperation operation, String lock) {
    require(operation, TargetKind.LOCK, lock);
  }

  /** Checks that the caller has any right at all. */
  public void requireAnything() {
    if (!rights().hasAny()) {
      throw refusal("do anything", TargetKind.SERVER, "this server");
    }
  }

  /** Creates the refusal of an operation. It contains the caller's own words and nothing else. */
  public AccessRefusedException refusal(String operation, String name) {
    return refusal(operation, TargetKind.LOCK, name);
  }

  /** Audits that a claim or grant of another principal was refused. */
  public void recordOtherPrincipal(String lock) {
    recordRefusal("OTHER_PRINCIPAL", "use a claim", TargetKind.LOCK, lock);
  }

  private AccessRefusedException refusal(String operation, TargetKind kind, String name) {
    recordRefusal("NOT_ALLOWED", operation, kind, name);
    String who =
        caller.isAnonymous() ? "an anonymous caller" : "principal \"" + caller.name() + "\"";
    // The name is not judged yet. A long one would not fit into the headers of an answer.
    String shown = InvalidValueException.of("name", name, "").shownValue();
    return new AccessRefusedException("NOT_ALLOWED", who + " may not " + operation + " " + shown);
  }

  private void recordRefusal(String reason, String operation, TargetKind kind, String name) {
    if (control == null) {
      return;
    }
    RefusalKey key =
        new RefusalKey(AuditKind.REFUSED, caller.name(), host(shown.peer()), operation, reason);
    AccessRules rules = control.rules();
    control
        .audit()
        .recordRefusal(
            key,
            () ->
                key.entry()
                    .with("credential", caller.credential())
                    .with("peer", shown.peer())
                    .with(kind.name().toLowerCase(Locale.ROOT), name)
                    .with(
                        "rule",
                        AccessOperation.of(operation)
                            .flatMap(each -> rules.explain(caller.name(), each, kind, name).line())
                            .map(line -> "rules:" + line))
                    .with("rules_digest", rules.digest()));
  }

  /** Audits the caller, unless its credential came from the same host before. */
  void recordAuthenticated() {
    if (control != null && control.isNewCaller(caller, host(shown.peer()))) {
      control.audit().record(audited(AuditKind.AUTHENTICATED).with("peer", shown.peer()));
    }
  }

  /** Creates an entry for an act of the caller. */
  public AuditEntry audited(AuditKind kind) {
    return AuditEntry.of(kind)
        .with("principal", caller.name())
        .with("credential", caller.credential());
  }

  /** Returns an address without its port. */
  static String host(String peer) {
    int port = peer.lastIndexOf(':');
    return port < 0 ? peer : peer.substring(0, port);
  }

  /**
   * Answers a question about a principal by the rules in force.
   *
   * @param principal a typed name or alias; empty for an anonymous caller
   */
  public AccessDecision explain(String principal, AccessQuestion question) {
    AccessRules rules = control == null ? AccessRules.NONE : control.rules();
    AccessDecision decision = rules.explain(principal, question);
    return rules.isRevoked(principal) ? new AccessDecision(false, Optional.empty()) : decision;
  }

  /** Returns the name of the rules in force; empty without rules. */
  public String rulesDigest() {
    return control == null ? "" : control.rules().digest();
  }

  /** Returns the name under which grants of the caller are recorded; empty if anonymous. */
  public String principal() {
    return control == null ? "" : control.rules().canonical(caller.name());
  }

  /** Returns true if the name is one of the caller's by the aliases of this moment. */
  public boolean isCaller(String name) {
    return control == null || control.rules().areSame(name, caller.name());
  }

  /**
   * Returns true if grants that were recorded under the name belong to the caller: it is the
   * caller's, or it is empty and such grants belong to all.
   */
  public boolean isMaker(String recorded) {
    return isCaller(recorded) || (recorded.isEmpty() && control != null && control.sharesUnowned());
  }

  /** Returns the claimant of claims that name no owner and bring no metadata. */
  public Claimant claimant() {
    return new Claimant("", principal(), LockMode.EXCLUSIVE, Map.of());
  }

  /**
   * Has a listener called on any thread after rules or credentials have changed, until the call
   * ends. Register first, then check the right: so no change is missed.
   */
  public void onChange(Runnable listener) {
    if (control != null) {
      listeners.add(listener);
    }
  }

  void notifyChange() {
    for (Runnable each : listeners) {
      try {
        each.run();
      } catch (RuntimeException e) {
        // All others are judged whatever happens to one.
        LOG.error("a call could not be judged by the new rules", e);
      }
    }
  }

  /** Returns true once when the credential has ended, and once when its grace has. */
  boolean hasReachedEnd() {
    Stage now = stage();
    return notified.getAndSet(now) != now;
  }

  private Stage stage() {
    if (control == null) {
      return Stage.VALID;
    }
    Instant end = judgement(control).end;
    if (end.equals(Instant.MAX) || !control.isOver(end)) {
      return Stage.VALID;
    }
    return control.isGraceOver(end) ? Stage.OVER : Stage.GRACE;
  }

  private PrincipalRights rights() {
    return control == null ? AccessRules.NONE.rightsOf("") : judgement(control).rights;
  }

  private Judgement judgement(AccessControl by) {
    CallerAuthenticator inForce = by.inForce();
    Judgement last = judgement;
    if (last == null || !last.by.equals(inForce)) {
      last = by.judge(inForce, caller, shown);
      judgement = last;
    }
    return last;
  }
}
