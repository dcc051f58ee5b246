package dev.fencepost.server.service.call;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import dev.fencepost.core.DrainingException;
import dev.fencepost.core.OtherPrincipalException;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.service.access.AccessRefusedException;
import dev.fencepost.server.service.wire.InvalidRequestException;
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

/** The single table that maps failures to the statuses that callers receive. Thread-safe. */
public final class StatusMapper {
  /** Domain of the reasons in {@code google.rpc.ErrorInfo}. */
  static final String DOMAIN = "fencepost.dev";

  private static final Logger LOG = LoggerFactory.getLogger(StatusMapper.class);
  private static final Duration RETRY_STORE_AFTER = Duration.ofSeconds(1);
  private static final Duration RETRY_KEY_AFTER = Duration.ofSeconds(1);

  /**
   * Message and details go into HTTP/2 trailers. Clients read 8 KiB of them, and percent-encoding
   * triples the size of text.
   */
  private static final int MAX_MESSAGE_BYTES = 1_200;

  private static final int MAX_DETAIL_BYTES = 2_400;

  private final RandomGenerator random;

  /** Creates the table. Error references and retry times are random. */
  public StatusMapper(RandomGenerator random) {
    this.random = random;
  }

  /** Returns the status for a failure. */
  public CallStatus of(Throwable failure) {
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
    if (cause instanceof AccessRefusedException e) {
      return forbidden(e);
    }
    if (cause instanceof OtherPrincipalException) {
      return forbidden(
          new AccessRefusedException("OTHER_PRINCIPAL", String.valueOf(cause.getMessage())));
    }
    if (cause instanceof CredentialException e) {
      return unauthenticated(e);
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

  private static CallStatus badRequest(List<InvalidValueException> faults) {
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
          && (utf8(message.toString()) + utf8(text) > MAX_MESSAGE_BYTES
              || details.build().getSerializedSize() + violation.getSerializedSize()
                  > MAX_DETAIL_BYTES)) {
        message.append("; and ").append(faults.size() - shown).append(" more");
        break;
      }
      message.append(text);
      details.addFieldViolations(violation);
      shown++;
    }
    return new CallStatus(
        Code.INVALID_ARGUMENT,
        Code.INVALID_ARGUMENT.name(),
        message.toString(),
        Optional.empty(),
        List.of(Any.pack(details.build())));
  }

  private static CallStatus store(StoreException e) {
    Code code =
        switch (e.failure()) {
          case STORE_OVERLOADED, STORE_FULL -> Code.RESOURCE_EXHAUSTED;
          case STORE_UNREACHABLE, STORE_TIMEOUT, STORE_ERROR -> Code.UNAVAILABLE;
          // A retry does not help until an operator has removed the record or upgraded the server.
          case RECORD_UNREADABLE -> Code.FAILED_PRECONDITION;
        };
    String reason = e.failure().name();
    return new CallStatus(
        code,
        reason,
        reason + ": " + e.getMessage(),
        code == Code.FAILED_PRECONDITION ? Optional.empty() : Optional.of(RETRY_STORE_AFTER),
        List.of(info(reason, Map.of())));
  }

  private CallStatus overLimit(OverLimitException e) {
    QuotaFailure quota =
        QuotaFailure.newBuilder()
            .addViolations(
                QuotaFailure.Violation.newBuilder()
                    .setSubject(e.subject())
                    .setDescription("limit: " + e.limit()))
            .build();
    return new CallStatus(
        Code.RESOURCE_EXHAUSTED,
        "OVER_LIMIT",
        "OVER_LIMIT: " + e.getMessage(),
        // Jitter, so that callers which were refused together do not retry together.
        Optional.of(e.retryAfter().dividedBy(2).plusMillis(random.nextLong(jitterMillis(e)))),
        List.of(info("OVER_LIMIT", Map.of()), Any.pack(quota)));
  }

  private static long jitterMillis(OverLimitException e) {
    return e.retryAfter().toMillis() + 1;
  }

  private static CallStatus draining(DrainingException e) {
    return new CallStatus(
        Code.UNAVAILABLE,
        "DRAINING",
        "DRAINING: " + e.getMessage(),
        Optional.of(Duration.ZERO),
        List.of(info("DRAINING", Map.of("waited", DurationFormat.print(e.waited())))));
  }

  private static CallStatus forbidden(AccessRefusedException e) {
    return new CallStatus(
        Code.PERMISSION_DENIED,
        e.reason(),
        e.reason() + ": " + e.getMessage(),
        Optional.empty(),
        List.of(info(e.reason(), Map.of())));
  }

  private static CallStatus unauthenticated(CredentialException e) {
    String reason = e.fault().name();
    return new CallStatus(
        Code.UNAUTHENTICATED,
        reason,
        String.valueOf(e.getMessage()),
        e.fault() == Fault.UNKNOWN_KEY ? Optional.of(RETRY_KEY_AFTER) : Optional.empty(),
        List.of(info(reason, Map.of())));
  }

  private static CallStatus silent(Throwable cause) {
    return new CallStatus(
        Code.UNAVAILABLE,
        "CLIENT_SILENT",
        "CLIENT_SILENT: " + cause.getMessage(),
        Optional.of(Duration.ZERO),
        List.of(info("CLIENT_SILENT", Map.of())));
  }

  private CallStatus internal(Throwable cause) {
    String reference = String.format(Locale.ROOT, "%08x", random.nextInt());
    LOG.error("internal error {}", reference, cause);
    return new CallStatus(
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
