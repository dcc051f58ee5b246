package dev.fencepost.server.security;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** An operation that a rule allows or denies. */
public enum AccessOperation {
  /** Take a lock, or wait for it, and renew what one has made. */
  ACQUIRE(1 << 0, TargetKind.LOCK, TargetKind.LOCK),
  /** See holder, waiters and token of a lock. */
  INSPECT(1 << 1, TargetKind.LOCK, TargetKind.LOCK),
  /** Follow the states of a lock. */
  WATCH(1 << 2, TargetKind.LOCK, TargetKind.LOCK),
  /** See a lock in a listing. */
  LIST(1 << 3, TargetKind.LOCK, TargetKind.LOCK),
  /** Check a token of a lock, or raise the high-water mark of a resource. */
  FENCE(1 << 4, TargetKind.LOCK, TargetKind.RESOURCE),
  /** Keep a lock closed for long after a release. */
  CLOSE(1 << 5, TargetKind.LOCK, TargetKind.LOCK),
  /** Renew and release the grants of other principals. */
  OPERATE(1 << 6, TargetKind.LOCK, TargetKind.LOCK),
  /** End any grant of a lock. */
  FORCE_RELEASE(1 << 7, TargetKind.LOCK, TargetKind.LOCK),
  /** Forget the high-water mark of a resource. */
  RESET(1 << 8, TargetKind.RESOURCE, TargetKind.RESOURCE),
  /** Read the metrics. */
  METRICS(1 << 9, TargetKind.SERVER, TargetKind.SERVER),
  /** Ask for the rights of others, and see the digest of the rules. */
  ADMIN(1 << 10, TargetKind.SERVER, TargetKind.SERVER);

  /** The operations that the word {@code use} stands for. */
  static final Set<AccessOperation> USE = Set.of(ACQUIRE, INSPECT, WATCH, FENCE);

  /** The operations that {@code *} in an {@code allow} leaves out. They are named or not given. */
  static final Set<AccessOperation> NAMED_ONLY = Set.of(CLOSE, OPERATE, FORCE_RELEASE, RESET);

  private final int bit;
  private final TargetKind target;
  private final TargetKind otherTarget;

  AccessOperation(int bit, TargetKind target, TargetKind otherTarget) {
    this.bit = bit;
    this.target = target;
    this.otherTarget = otherTarget;
  }

  /** Returns the operation as the rules file writes it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Finds an operation by its word. */
  public static Optional<AccessOperation> of(String word) {
    return Arrays.stream(values()).filter(each -> each.word().equals(word)).findFirst();
  }

  /** Returns true if the operation exists for such a target. */
  public boolean appliesTo(TargetKind kind) {
    return kind == target || kind == otherTarget;
  }

  /** Returns all operations for such a target. */
  static Set<AccessOperation> allOn(TargetKind target) {
    Set<AccessOperation> all = EnumSet.noneOf(AccessOperation.class);
    Arrays.stream(values()).filter(each -> each.appliesTo(target)).forEach(all::add);
    return all;
  }

  /** Returns the bit of the operation in a mask. */
  int bit() {
    return bit;
  }

  static int mask(Set<AccessOperation> operations) {
    return operations.stream().mapToInt(AccessOperation::bit).reduce(0, (a, b) -> a | b);
  }

  static Set<AccessOperation> ofMask(int mask) {
    Set<AccessOperation> operations = EnumSet.noneOf(AccessOperation.class);
    Arrays.stream(values()).filter(each -> (mask & each.bit()) != 0).forEach(operations::add);
    return operations;
  }
}
