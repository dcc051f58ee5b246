package dev.fencepost.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HumanDurationTest {

  @ParameterizedTest
  @CsvSource({"0,PT0S", "250ms,PT0.25S", "1.5s,PT1.5S", "10m,PT10M", "24h,PT24H", "7d,PT168H"})
  void text_isRead(String text, Duration expected) {
    assertThat(DurationFormat.parse("ttl", text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "1h30m", "1e3s", "12345678901s", "1 s", "NaN"})
  void text_thatIsNoDuration_isRefusedByName(String text) {
    assertThatThrownBy(() -> DurationFormat.parse("ttl", text))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageStartingWith("ttl: ");
  }

  @ParameterizedTest
  @CsvSource({"PT0S,0s", "PT0.25S,250ms", "PT1.5S,1500ms", "PT10M,10m", "PT168H,7d", "PT-1S,-1s"})
  void duration_isWrittenWithTheLargestUnit(Duration value, String text) {
    assertThat(DurationFormat.print(value)).isEqualTo(text);
  }

  @Test
  void duration_finerThanMilliseconds_isWrittenInSeconds() {
    assertThat(DurationFormat.print(Duration.ofNanos(1_500))).isEqualTo("0.0000015s");
    assertThat(DurationFormat.print(Duration.ofSeconds(Long.MAX_VALUE))).startsWith("PT");
  }
}
