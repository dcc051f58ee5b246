package dev.fencepost.fence;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.Part;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Enumeration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request that compares its token again when its body has been read to the end. */
final class FencedRequest extends HttpServletRequestWrapper {

  private final Runnable fence;
  private @Nullable ServletInputStream body;
  private @Nullable BufferedReader reader;
  private boolean formRead;

  FencedRequest(HttpServletRequest request, Runnable fence) {
    super(request);
    this.fence = fence;
  }

  /** Compares the token now. */
  void check() {
    fence.run();
  }

  @Override
  public ServletInputStream getInputStream() throws IOException {
    if (body == null) {
      body = new FencedBody(super.getInputStream(), getContentLengthLong(), fence);
    }
    return body;
  }

  @Override
  public BufferedReader getReader() throws IOException {
    if (reader == null) {
      String charset =
          Optional.ofNullable(getCharacterEncoding()).orElse(StandardCharsets.ISO_8859_1.name());
      reader = new BufferedReader(new InputStreamReader(getInputStream(), charset));
    }
    return reader;
  }

  @Override
  public @Nullable String getParameter(String name) {
    return afterForm(super.getParameter(name));
  }

  @Override
  public Map<String, String[]> getParameterMap() {
    return afterForm(super.getParameterMap());
  }

  @Override
  public Enumeration<String> getParameterNames() {
    return afterForm(super.getParameterNames());
  }

  @Override
  public String @Nullable [] getParameterValues(String name) {
    return afterForm(super.getParameterValues(name));
  }

  @Override
  public Collection<Part> getParts() throws IOException, ServletException {
    return afterForm(super.getParts());
  }

  @Override
  public @Nullable Part getPart(String name) throws IOException, ServletException {
    return afterForm(super.getPart(name));
  }

  /**
   * Checks after reading a form, whose body the container reads without {@link #getInputStream}.
   */
  private <T extends @Nullable Object> T afterForm(T answer) {
    if (!formRead && getContentType() != null) {
      formRead = true;
      check();
    }
    return answer;
  }
}
