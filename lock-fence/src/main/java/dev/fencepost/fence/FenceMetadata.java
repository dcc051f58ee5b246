package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The headers and trailers of a fenced gRPC call. */
final class FenceMetadata {
  private static final Metadata.Key<String> TOKEN = ascii(FenceHeader.TOKEN);
  private static final Metadata.Key<String> RESOURCE = ascii(FenceHeader.RESOURCE);
  private static final Metadata.Key<String> MARK = ascii(FenceHeader.MARK);

  private FenceMetadata() {}

  static void put(Metadata headers, String resource, FencingToken token) {
    headers.discardAll(TOKEN);
    headers.put(TOKEN, token.toString());
    headers.discardAll(RESOURCE);
    headers.put(RESOURCE, FenceHeader.encoded(resource));
  }

  static FencingToken token(Metadata headers) {
    return FenceHeader.token(FenceHeader.TOKEN, only(headers, TOKEN));
  }

  static String resource(Metadata headers) {
    return FenceHeader.decoded(only(headers, RESOURCE));
  }

  /** Returns the trailers of a refusal. */
  static Metadata refusal(StaleTokenException stale) {
    Metadata trailers = new Metadata();
    trailers.put(MARK, stale.mark().toString());
    return trailers;
  }

  /** Returns the mark that a refusal names; empty if the call was not refused by a fence. */
  static Optional<FencingToken> mark(Metadata trailers) {
    String mark = trailers.get(MARK);
    try {
      return Optional.ofNullable(mark).map(text -> FenceHeader.token(FenceHeader.MARK, text));
    } catch (InvalidValueException e) {
      return Optional.empty();
    }
  }

  /** Requires one value: with two, a later reader of the header might see another one than we. */
  private static String only(Metadata headers, Metadata.Key<String> key) {
    List<String> values = new ArrayList<>();
    Optional.ofNullable(headers.getAll(key)).ifPresent(all -> all.forEach(values::add));
    if (values.size() != 1) {
      throw InvalidValueException.of(key.name(), String.join(", ", values), "this header, once");
    }
    return values.get(0);
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
