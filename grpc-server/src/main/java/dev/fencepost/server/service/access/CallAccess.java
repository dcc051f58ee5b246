package dev.fencepost.server.service.access;

import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockMode;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CallerPrincipal;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.PrincipalRights;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.transport.TransportIdentity;
import io.grpc.Context;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
          List.of(),
          new TransportIdentity(List.of(), false, true));

  private volatile @Nullable Judgement judgement;
  private final @Nullable AccessControl control;
  private final CallerPrincipal caller;
  private final List<String> authorization;
  private final TransportIdentity transport;
  private final Set<Runnable> listeners = ConcurrentHashMap.newKeySet();

  /**
   * The rights by the rules and credentials that were last in force.
   *
   * @param by rules and credentials
   * @param end end of the credential by them
   */
  record Judgement(CallerAuthenticator by, PrincipalRights rights, Instant end) {}

  CallAccess(
      @Nullable AccessControl control,
      CallerPrincipal caller,
      List<String> authorization,
      TransportIdentity transport) {
    this.control = control;
    this.caller = caller;
    this.authorization = authorization;
    this.transport = transport;
  }

  /** Returns the access of the call that this thread handles. */
  public static CallAccess current() {
    CallAccess access = KEY.get();
    return access == null ? UNLIMITED : access;
  }

  /** Returns true if the caller may do this now. */
  public boolean allows(AccessOperation operation, TargetKind kind, String name) {
    return rights().allows(operation, kind, name);
  }

  /** Returns true if the caller may do this on the lock now. */
  public boolean allows(AccessOperation operation, String lock) {
    return allows(operation, TargetKind.LOCK, lock);
  }

  /** Returns true if the caller has any right at all. */
  public boolean allowsAnything() {
    return rights().hasAny();
  }

  /** Returns false if there is no lock below the prefix that the caller may list. */
  public boolean allowsListingBelow(String prefix) {
    return rights().mayAllowBelow(AccessOperation.LIST, prefix);
  }

  /**
   * Checks a right.
   *
   * @throws AccessRefusedException if the caller does not have it
   */
  public void require(AccessOperation operation, TargetKind kind, String name) {
    if (!allows(operation, kind, name)) {
      throw refusal(operation.word(), name);
    }
  }

  /** Checks a right on a lock. */
  public void require(AccessOperation operation, String lock) {
    require(operation, TargetKind.LOCK, lock);
  }

  /** Checks that the caller has any right at all. */
  public void requireAnything() {
    if (!allowsAnything()) {
      throw refusal("do anything", "this server");
    }
  }

  /** Creates the refusal of an operation. It contains the caller's own words and nothing else. */
  public AccessRefusedException refusal(String operation, String name) {
    String who =
        caller.isAnonymous() ? "an anonymous caller" : "principal \"" + caller.name() + "\"";
    // The name is not judged yet. A long one would not fit into the headers of an answer.
    String shown = InvalidValueException.of("name", name, "").shownValue();
    return new AccessRefusedException("NOT_ALLOWED", who + " may not " + operation + " " + shown);
  }

  /** Returns the name under which grants of the caller are recorded; empty if anonymous. */
  public String principal() {
    return control == null ? "" : control.rules().canonical(caller.name());
  }

  /** Returns true if grants that were recorded under the name belong to the caller. */
  public boolean isCaller(String recorded) {
    return control == null || control.rules().areSame(recorded, caller.name());
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

  boolean isExpired() {
    return control != null && isExpired(control, judgement(control));
  }

  private PrincipalRights rights() {
    if (control == null) {
      return AccessRules.NONE.rightsOf("");
    }
    Judgement last = judgement(control);
    return isExpired(control, last) ? PrincipalRights.NO_RIGHTS : last.rights;
  }

  private Judgement judgement(AccessControl by) {
    CallerAuthenticator inForce = by.inForce();
    Judgement last = judgement;
    if (last == null || !last.by.equals(inForce)) {
      last = by.judge(inForce, caller, authorization, transport);
      judgement = last;
    }
    return last;
  }

  private static boolean isExpired(AccessControl by, Judgement last) {
    return !last.end.equals(Instant.MAX) && !by.now().isBefore(last.end);
  }
}
