package dev.fencepost.server.security;

import dev.fencepost.server.security.NamePattern.Reach;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rights of one principal on the names of one kind, as masks of operations. A look-up costs one
 * access to a map for the name and one for each {@code /} in it. Immutable.
 */
final class NameRights {
  private static final Masks NONE = new Masks(0, 0);

  private final Masks onAll;
  private final Map<String, Masks> exact = new HashMap<>();
  private final Map<String, Masks> prefixes = new HashMap<>();
  private final int longestPrefix;

  /** Operations that rules allow and deny. */
  private record Masks(int allowed, int denied) {
    Masks with(Masks other) {
      return new Masks(allowed | other.allowed, denied | other.denied);
    }
  }

  /** Compiles the rules of one principal for one kind of names. */
  NameRights(List<AccessRule> rules) {
    Masks all = NONE;
    for (AccessRule rule : rules) {
      int mask = AccessOperation.mask(rule.operations());
      Masks masks = rule.allow() ? new Masks(mask, 0) : new Masks(0, mask);
      if (rule.name().reach() == Reach.ALL) {
        all = all.with(masks);
      } else {
        Map<String, Masks> map = rule.name().reach() == Reach.EXACT ? exact : prefixes;
        map.merge(rule.name().text(), masks, Masks::with);
      }
    }
    this.onAll = all;
    this.longestPrefix = prefixes.keySet().stream().mapToInt(String::length).max().orElse(0);
  }

  /**
   * Returns the operations that are allowed on the name. It is as a caller sent it, perhaps longer
   * than any lock's name, so nothing beyond the longest prefix is looked at.
   */
  int on(String name) {
    int allowed = onAll.allowed;
    int denied = onAll.denied;
    Masks own = exact.get(name);
    if (own != null) {
      allowed |= own.allowed;
      denied |= own.denied;
    }
    if (!prefixes.isEmpty()) {
      int end = Math.min(name.length(), longestPrefix);
      for (int i = name.indexOf('/'); i >= 0 && i < end; i = name.indexOf('/', i + 1)) {
        Masks below = prefixes.get(name.substring(0, i + 1));
        if (below != null) {
          allowed |= below.allowed;
          denied |= below.denied;
        }
      }
    }
    return allowed & ~denied;
  }

  /** Returns false if the operation is allowed on no name that begins with the text. */
  boolean mayBeAllowedBelow(AccessOperation operation, String beginning) {
    int bit = operation.bit();
    if ((onAll.denied & bit) != 0) {
      return false;
    }
    return (onAll.allowed & bit) != 0
        || prefixes.entrySet().stream()
            .anyMatch(
                each ->
                    (each.getValue().allowed & bit) != 0
                        && (each.getKey().startsWith(beginning)
                            || beginning.startsWith(each.getKey())))
        || exact.entrySet().stream()
            .anyMatch(
                each ->
                    (each.getValue().allowed & bit) != 0 && each.getKey().startsWith(beginning));
  }
}
