package dev.fencepost.server.service.wire;

import dev.fencepost.lock.InvalidValueException;
import java.util.List;
import java.util.stream.Collectors;

/** A request has at least one invalid field. Nothing has happened. */
public final class InvalidRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<InvalidValueException> faults;

  InvalidRequestException(List<InvalidValueException> faults) {
    super(faults.stream().map(Throwable::getMessage).collect(Collectors.joining("; ")));
    this.faults = List.copyOf(faults);
  }

  /** Returns one fault for each invalid field, under its path in the request. */
  public List<InvalidValueException> faults() {
    return faults;
  }
}
