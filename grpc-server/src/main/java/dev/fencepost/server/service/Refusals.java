package dev.fencepost.server.service;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import dev.fencepost.core.DrainingException;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.StoreException;
import io.grpc.Status.Code;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one table from what went wrong to what the caller is told. Thread-safe. */
public final class Refusals {
  /** Domain of the reasons in {@code google.rpc.ErrorInfo}. */
  static final String DOMAIN = "fencepost.dev";

  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
  private static final Duration RETRY_STORE_AFTER = Duration.ofSeconds(1);

  /** Both go into HTTP/2 trailers, of which clients read 8 KiB; percent-encoding triples text. */
  private static final int MOST_MESSAGE_BYTES = 1_200;

  private static final int MOST_DETAIL_BYTES = 2_400;

  private final RandomGenerator random;

  /** Makes the table; the randomness goes into references of errors and into retry times. */
  public Refusals(RandomGenerator random) {
    this.random = random;
  }

  /** What the caller is told of the failure. */
  Refusal of(Throwable failure) {
    Throwable cause = unwrapped(failure);
    if (cause instanceof InvalidRequestException e) {
      return badRequest(e.faults());
    }
    if (cause instanceof InvalidValueException e) {
      return badRequest(List.of(e));
    }
    if (cause instanceof StoreException e) {
      return store(e);
    }
    if (cause instanceof OverLimitException e) {
      return overLimit(e);
    }
    if (cause instanceof SilentClientException) {
      return silent(cause);
    }
    return cause instanceof DrainingException e ? draining(e) : internal(cause);
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? unwrapped(cause) : failure;
  }

  private static Refusal badRequest(List<InvalidValueException> faults) {
    StringBuilder message = new StringBuilder();
    BadRequest.Builder details = BadRequest.newBuilder();
    int shown = 0;
    for (InvalidValueException fault : faults) {
      BadRequest.FieldViolation violation =
          BadRequest.FieldViolation.newBuilder()
              .setField(fault.field())
              .setDescription(fault.shownValue() + " (expected: " + fault.expected() + ")")
              .build();
      String text = (shown == 0 ? "" : "; ") + fault.getMessage();
      if (shown > 0
          && (utf8(message.toString()) + utf8(text) > MOST_MESSAGE_BYTES
              || details.build().getSerializedSize() + violation.getSerializedSize()
                  > MOST_DETAIL_BYTES)) {
        message.append("; and ").append(faults.size() - shown).append(" more");
        break;
      }
      message.append(text);
      details.addFieldViolations(violation);
      shown++;
    }
    return new Refusal(
        Code.INVALID_ARGUMENT,
        Code.INVALID_ARGUMENT.name(),
        message.toString(),
        Optional.empty(),
        List.of(Any.pack(details.build())));
  }

  private static Refusal store(StoreException e) {
    Code code =
        switch (e.failure()) {
          case STORE_OVERLOADED, STORE_FULL -> Code.RESOURCE_EXHAUSTED;
          case STORE_UNREACHABLE, STORE_TIMEOUT, STORE_ERROR -> Code.UNAVAILABLE;
          // Trying again does not help until somebody has removed the record or upgraded.
          case RECORD_UNREADABLE -> Code.FAILED_PRECONDITION;
        };
    String reason = e.failure().name();
    return new Refusal(
        code,
        reason,
        reason + ": " + e.getMessage(),
        code == Code.FAILED_PRECONDITION ? Optional.empty() : Optional.of(RETRY_STORE_AFTER),
        List.of(info(reason, Map.of())));
  }

  private Refusal overLimit(OverLimitException e) {
    QuotaFailure quota =
        QuotaFailure.newBuilder()
            .addViolations(
                QuotaFailure.Violation.newBuilder()
                    .setSubject(e.subject())
                    .setDescription("limit: " + e.limit()))
            .build();
    return new Refusal(
        Code.RESOURCE_EXHAUSTED,
        "OVER_LIMIT",
        "OVER_LIMIT: " + e.getMessage(),
        // Those who were refused together do not come back together.
        Optional.of(e.retryAfter().dividedBy(2).plusMillis(random.nextLong(jitterMillis(e)))),
        List.of(info("OVER_LIMIT", Map.of()), Any.pack(quota)));
  }

  private static long jitterMillis(OverLimitException e) {
    return e.retryAfter().toMillis() + 1;
  }

  private static Refusal draining(DrainingException e) {
    return new Refusal(
        Code.UNAVAILABLE,
        "DRAINING",
        "DRAINING: " + e.getMessage(),
        Optional.of(Duration.ZERO),
        List.of(info("DRAINING", Map.of("waited", DurationFormat.print(e.waited())))));
  }

  private static Refusal silent(Throwable cause) {
    return new Refusal(
        Code.UNAVAILABLE,
        "CLIENT_SILENT",
        "CLIENT_SILENT: " + cause.getMessage(),
        Optional.of(Duration.ZERO),
        List.of(info("CLIENT_SILENT", Map.of())));
  }

  private Refusal internal(Throwable cause) {
    String reference = String.format(Locale.ROOT, "%08x", random.nextInt());
    LOG.error("internal error {}", reference, cause);
    return new Refusal(
        Code.INTERNAL,
        Code.INTERNAL.name(),
        "an error of the server; its log says more under reference " + reference,
        Optional.empty(),
        List.of(info(Code.INTERNAL.name(), Map.of("reference", reference))));
  }

  private static Any info(String reason, Map<String, String> metadata) {
    return Any.pack(
        ErrorInfo.newBuilder()
            .setReason(reason)
            .setDomain(DOMAIN)
            .putAllMetadata(metadata)
            .build());
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
