package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Shows that the run of the build that is named after it has a locale with digits of its own. */
class ArabicDigits {

  @Test
  void numbers_arePrintedInOtherDigitsUnlessALocaleIsGiven() {
    assertThat(String.format(Locale.getDefault(), "%03d", 7)).isEqualTo("\u0660\u0660\u0667");
  }
}
