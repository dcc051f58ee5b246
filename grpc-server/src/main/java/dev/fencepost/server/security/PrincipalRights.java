package dev.fencepost.server.security;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The rights of one principal, compiled from the rules. Immutable. */
public final class PrincipalRights {
  /** The rights of every caller while there is no rules file. */
  static final PrincipalRights ALL = new PrincipalRights(true);

  /** The rights of a caller whose credential is no longer valid. */
  public static final PrincipalRights NO_RIGHTS = new PrincipalRights(List.of());

  private final boolean allowsAll;
  private final boolean hasAny;
  private final Map<TargetKind, NameRights> byKind = new EnumMap<>(TargetKind.class);

  private PrincipalRights(boolean allowsAll) {
    this.allowsAll = allowsAll;
    this.hasAny = allowsAll;
  }

  /** Compiles the rules that are about one principal. */
  PrincipalRights(List<AccessRule> rules) {
    this.allowsAll = false;
    for (TargetKind kind : TargetKind.values()) {
      byKind.put(kind, new NameRights(rules.stream().filter(r -> r.target() == kind).toList()));
    }
    this.hasAny = rules.stream().anyMatch(rule -> rule.allow() && isInForce(rule, rules));
  }

  /** Returns true if some operation of the rule is denied by no line that covers all its names. */
  private static boolean isInForce(AccessRule rule, List<AccessRule> rules) {
    int left = AccessOperation.mask(rule.operations());
    for (AccessRule other : rules) {
      if (!other.allow() && other.target() == rule.target() && other.name().covers(rule.name())) {
        left &= ~AccessOperation.mask(other.operations());
      }
    }
    return left != 0;
  }

  /** Returns true if the principal may do this on the name; the server itself has any name. */
  public boolean allows(AccessOperation operation, TargetKind kind, String name) {
    return allowsAll || (mask(kind, name) & operation.bit()) != 0;
  }

  /** Returns true if the principal may do this on the lock. */
  public boolean allowsOnLock(AccessOperation operation, String name) {
    return allows(operation, TargetKind.LOCK, name);
  }

  /** Returns false if there is no lock below the prefix on which the principal may do this. */
  public boolean mayAllowBelow(AccessOperation operation, String prefix) {
    NameRights locks = byKind.get(TargetKind.LOCK);
    return locks == null || locks.mayBeAllowedBelow(operation, prefix);
  }

  /** Returns true if the principal has any right at all. */
  public boolean hasAny() {
    return hasAny;
  }

  /** Returns true if there are no rules to ask. */
  public boolean isUnlimited() {
    return allowsAll;
  }

  int mask(TargetKind kind, String name) {
    NameRights rights = byKind.get(kind);
    return rights == null ? -1 : rights.on(name);
  }
}
