package dev.fencepost.client.internal.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

final class CallFailureTest {
  @Test
  void statusIsDescribedByWhatItHas() {
    ConnectException refused = new ConnectException("Connection refused");
    Status unavailable = Status.UNAVAILABLE;
    assertThat(CallFailure.describe(unavailable)).isEqualTo("UNAVAILABLE");
    assertThat(CallFailure.describe(unavailable.withCause(refused)))
        .isEqualTo("UNAVAILABLE (Connection refused)");
    assertThat(CallFailure.describe(unavailable.withDescription("io exception").withCause(refused)))
        .isEqualTo("io exception (Connection refused)");
    assertThat(CallFailure.describe(unavailable.withCause(new IllegalStateException())))
        .isEqualTo("UNAVAILABLE (java.lang.IllegalStateException)");
  }
}
