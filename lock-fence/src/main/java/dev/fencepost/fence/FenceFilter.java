package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Refuses HTTP requests that come with a stale fencing token, before their servlet acts. Needs
 * {@code jakarta.servlet:jakarta.servlet-api}, 5.0 or later. Requests need the headers that {@link
 * HttpFence} sends.
 *
 * <pre>{@code
 * new FenceFilter(new MemoryFence()).only(request -> !request.getMethod().equals("GET"))
 * }</pre>
 *
 * <p><b>Closes</b> the way to the servlet: the token is compared when the head of the request has
 * arrived, and again when the servlet has read the body to its end, so that a caller who is paused
 * in the middle is refused. <b>Narrows</b> the rest: the servlet itself may be paused, and its own
 * write may come late. If the servlet writes to something that has a fence of its own, it closes
 * that window too by passing {@link #token} on. It may let that fence's {@link StaleTokenException}
 * pass through to this filter.
 *
 * <p>With a {@link MemoryFence} each server knows only the requests that it has received. If
 * several servers serve one resource, let them share their marks: {@link JdbcFence#marks} or {@link
 * RedisFence#marks}.
 *
 * <p>A refused request is answered, in plain text,
 *
 * <ul>
 *   <li>412, {@code STALE_TOKEN: …}, with the mark in the header {@code Fencepost-Mark}, for a
 *       stale token;
 *   <li>428 for no token;
 *   <li>400 for a token of 0 or less, no or bad resource;
 *   <li>503, {@code FENCE_UNAVAILABLE: …}, if the marks cannot be asked.
 * </ul>
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class FenceFilter implements Filter {
  private static final int BAD_REQUEST = 400;
  private static final int PRECONDITION_REQUIRED = 428;
  private static final int UNAVAILABLE = 503;
  private static final String ATTRIBUTE = "dev.fencepost.fence.token";

  private final FenceMarks marks;
  private final Predicate<HttpServletRequest> fenced;
  private final Function<HttpServletRequest, String> resource;

  /** Fences every request, for the resource that the caller names. */
  public FenceFilter(FenceMarks marks) {
    this(
        marks,
        request -> true,
        request -> FenceHeader.decoded(only(request, FenceHeader.RESOURCE)));
  }

  private FenceFilter(
      FenceMarks marks,
      Predicate<HttpServletRequest> fenced,
      Function<HttpServletRequest, String> resource) {
    this.marks = marks;
    this.fenced = fenced;
    this.resource = resource;
  }

  /** Fences these requests only; the others (reads, for example) pass as they are. */
  public FenceFilter only(Predicate<HttpServletRequest> requests) {
    return new FenceFilter(marks, requests, resource);
  }

  /** Lets the server name the resource of a request. The name that the caller sent is ignored. */
  public FenceFilter resource(Function<HttpServletRequest, String> of) {
    return new FenceFilter(marks, fenced, of);
  }

  /**
   * Returns the token of a request that passed, for the servlet's own writes.
   *
   * @throws IllegalStateException if the request was not fenced
   */
  public static FencingToken token(ServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof FencingToken token) {
      return token;
    }
    throw new IllegalStateException("not a fenced request");
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest asked
        && response instanceof HttpServletResponse answer
        && fenced.test(asked)) {
      filter(asked, answer, chain);
    } else {
      chain.doFilter(request, response);
    }
  }

  private void filter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request.getHeader(FenceHeader.TOKEN) == null) {
      answer(response, PRECONDITION_REQUIRED, "TOKEN_REQUIRED: send " + FenceHeader.TOKEN);
      return;
    }
    FencedRequest checked;
    try {
      FencingToken token = FenceHeader.token(FenceHeader.TOKEN, only(request, FenceHeader.TOKEN));
      String name = resource.apply(request);
      checked = new FencedRequest(request, () -> marks.check(name, token));
      checked.check();
      request.setAttribute(ATTRIBUTE, token);
    } catch (InvalidValueException e) {
      answer(response, BAD_REQUEST, "INVALID_VALUE: " + e.getMessage());
      return;
    } catch (StaleTokenException e) {
      refuse(response, e);
      return;
    } catch (RuntimeException e) {
      // After any failure it is unknown whether the token may pass.
      answer(response, UNAVAILABLE, "FENCE_UNAVAILABLE: " + e.getMessage());
      return;
    }
    run(checked, response, chain);
  }

  private static void run(FencedRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    try {
      chain.doFilter(request, response);
    } catch (StaleTokenException e) {
      refuseLate(response, e, e);
    } catch (FenceUnavailableException e) {
      if (response.isCommitted()) {
        throw e;
      }
      answer(response, UNAVAILABLE, "FENCE_UNAVAILABLE: " + e.getMessage());
    } catch (ServletException e) {
      if (!(e.getRootCause() instanceof StaleTokenException stale)) {
        throw e;
      }
      refuseLate(response, stale, e);
    }
  }

  private static <E extends Exception> void refuseLate(
      HttpServletResponse response, StaleTokenException stale, E thrown) throws IOException, E {
    if (response.isCommitted()) {
      throw thrown;
    }
    refuse(response, stale);
  }

  private static void refuse(HttpServletResponse response, StaleTokenException stale)
      throws IOException {
    response.setHeader(FenceHeader.MARK, stale.mark().toString());
    answer(response, HttpFence.STALE, "STALE_TOKEN: " + stale.getMessage());
  }

  private static void answer(HttpServletResponse response, int status, String text)
      throws IOException {
    response.resetBuffer();
    response.setStatus(status);
    response.setContentType("text/plain;charset=utf-8");
    response.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Requires one value: with two, a later reader of the header might see another one than we. */
  private static String only(HttpServletRequest request, String header) {
    List<String> values = Collections.list(request.getHeaders(header));
    if (values.size() != 1) {
      throw InvalidValueException.of(header, String.join(", ", values), "this header, once");
    }
    return values.get(0);
  }
}
