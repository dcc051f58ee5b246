package dev.fencepost.server.security;

import java.util.List;
import java.util.Set;

/**
 * One {@code allow} or {@code deny} line.
 *
 * @param line its number, from 1
 * @param allow true for {@code allow}, false for {@code deny}
 * @param who the principals; groups are replaced by their members
 * @param operations the operations, at least one
 * @param target kind of the names
 * @param name the names; all of them for the server itself
 */
record AccessRule(
    int line,
    boolean allow,
    List<PrincipalPattern> who,
    Set<AccessOperation> operations,
    TargetKind target,
    NamePattern name) {

  /** Returns true if this line decides whatever the other decides. */
  boolean covers(AccessRule other) {
    return target == other.target
        && operations.containsAll(other.operations)
        && name.covers(other.name)
        && other.who.stream().allMatch(meant -> who.stream().anyMatch(each -> each.covers(meant)));
  }
}
