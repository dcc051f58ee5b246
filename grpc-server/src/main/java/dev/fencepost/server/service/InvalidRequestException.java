package dev.fencepost.server.service;

import dev.fencepost.lock.InvalidValueException;
import java.util.List;
import java.util.stream.Collectors;

/** A request with at least one bad field. Nothing has happened. */
final class InvalidRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<InvalidValueException> faults;

  InvalidRequestException(List<InvalidValueException> faults) {
    super(faults.stream().map(Throwable::getMessage).collect(Collectors.joining("; ")));
    this.faults = List.copyOf(faults);
  }

  /** One for each bad field, under its path in the request. */
  List<InvalidValueException> faults() {
    return faults;
  }
}
