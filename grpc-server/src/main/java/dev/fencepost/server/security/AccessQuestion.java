package dev.fencepost.server.security;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import java.util.Arrays;
import java.util.List;

/**
 * An operation on a target, about which somebody asks.
 *
 * @param operation operation
 * @param kind kind of the target
 * @param name name of the target; empty for the server
 */
public record AccessQuestion(AccessOperation operation, TargetKind kind, String name) {

  /**
   * Checks a question.
   *
   * @param operation word of the operation
   * @throws InvalidValueException if the operation or the name is invalid, or they do not fit
   */
  public static AccessQuestion of(String operation, TargetKind kind, String name) {
    AccessOperation wanted =
        AccessOperation.of(operation).orElseThrow(() -> unknownOperation(operation));
    if (!wanted.appliesTo(kind)) {
      throw InvalidValueException.of(
          "operation",
          operation,
          "followed by NAME, by resource NAME (fence, reset) or by nothing");
    }
    return new AccessQuestion(
        wanted,
        kind,
        switch (kind) {
          case SERVER -> "";
          case RESOURCE -> new ResourceName(name).value();
          case LOCK -> new LockName(name).value();
        });
  }

  private static InvalidValueException unknownOperation(String operation) {
    List<String> all = Arrays.stream(AccessOperation.values()).map(AccessOperation::word).toList();
    return InvalidValueException.of(
        "operation",
        operation,
        "one of " + String.join(", ", all) + SpellingHint.of(operation, all));
  }
}
