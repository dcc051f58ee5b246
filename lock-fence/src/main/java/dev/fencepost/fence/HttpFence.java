package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;

/**
 * Sends the fencing token with a request of {@code java.net.http}, in the header {@code
 * Fencepost-Token}, and the resource's name, percent-encoded, in {@code Fencepost-Resource}.
 * Recognizes a refusal in the response. For servers that have a {@link FenceFilter}, or compare the
 * header themselves.
 *
 * <pre>{@code
 * HttpRequest request = HttpFence.fenced(HttpRequest.newBuilder(uri), "stock/42", lock.token())
 *     .PUT(BodyPublishers.ofString("17"))
 *     .build();
 * HttpFence.requirePassed(client.send(request, BodyHandlers.ofString()));
 * }</pre>
 *
 * <p>This class itself stops no request: the server does. Safe for use by many threads.
 */
public final class HttpFence {

  /** Precondition Failed (RFC 9110, 15.5.13): the status of a stale token. */
  public static final int STALE = 412;

  private HttpFence() {}

  /**
   * Sets the headers, in place of those that the request may have already.
   *
   * @param resource 1–512 bytes of UTF-8
   */
  public static HttpRequest.Builder fenced(
      HttpRequest.Builder request, String resource, FencingToken token) {
    return request
        .setHeader(FenceHeader.TOKEN, token.toString())
        .setHeader(FenceHeader.RESOURCE, FenceHeader.encoded(resource));
  }

  /**
   * Returns the response, unless a fence refused its request. The caller must check the status for
   * other faults.
   *
   * @throws StaleTokenException if the server's fence found the token stale
   */
  public static <T> HttpResponse<T> requirePassed(HttpResponse<T> response) {
    Optional<FencingToken> mark = token(response.headers(), FenceHeader.MARK);
    if (response.statusCode() == STALE && mark.isPresent()) {
      HttpHeaders sent = response.request().headers();
      throw new StaleTokenException(
          FenceHeader.decoded(sent.firstValue(FenceHeader.RESOURCE).orElse("unknown")),
          token(sent, FenceHeader.TOKEN)
              .orElseThrow(() -> new IllegalStateException("refused without a token sent")),
          mark.get());
    }
    return response;
  }

  private static Optional<FencingToken> token(HttpHeaders headers, String name) {
    try {
      return headers.firstValue(name).map(text -> FenceHeader.token(name, text));
    } catch (InvalidValueException e) {
      return Optional.empty();
    }
  }
}
