package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Shows that the build's run of this name has a locale whose digits are not 0 to 9. */
class ArabicDigits {

  @Test
  void numbers_arePrintedInOtherDigitsUnlessALocaleIsGiven() {
    assertThat(String.format(Locale.getDefault(), "%03d", 7)).isEqualTo("\u0660\u0660\u0667");
  }
}
