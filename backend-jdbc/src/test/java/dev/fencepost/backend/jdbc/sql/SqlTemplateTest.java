package dev.fencepost.backend.jdbc.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How parameters are filled into statements. */
final class SqlTemplateTest {

  @Test
  void parameters_areFilledInTheirOrder() {
    SqlTemplate text = SqlTemplate.parse("-- a :comment\nSELECT :b, :a, CAST(:b AS x), y::z");
    assertThat(text.parameters()).containsExactly("b", "a");
    SqlTemplate.Filled filled = text.fill(Map.of("a", 1, "b", 2));
    assertThat(filled.text()).isEqualTo("SELECT ?, ?, CAST(? AS x), y::z");
    assertThat(filled.arguments()).isEqualTo(List.of(2, 1, 2));
  }

  @Test
  void partInBraces_isRepeatedForEachElement() {
    SqlTemplate text = SqlTemplate.parse("VALUES {(:xs, :one, :ys)} WHERE x IN ({:xs})");
    SqlTemplate.Filled filled =
        text.fill(Map.of("xs", texts("a", "b"), "ys", texts("c", "d"), "one", 1));
    assertThat(filled.text()).isEqualTo("VALUES (?, ?, ?), (?, ?, ?) WHERE x IN (?, ?)");
    assertThat(filled.arguments()).isEqualTo(List.of("a", 1, "c", "b", 1, "d", "a", "b"));
  }

  @Test
  void numberInBraces_isText() {
    SqlTemplate.Filled filled =
        SqlTemplate.parse("x ~ '[0-9]{16}[a-z]{2,3}' AND x IN ({:xs})")
            .fill(Map.of("xs", texts("a", "b")));
    assertThat(filled.text()).isEqualTo("x ~ '[0-9]{16}[a-z]{2,3}' AND x IN (?, ?)");
  }

  @Test
  void emptyArray_isNull() {
    SqlTemplate.Filled filled = SqlTemplate.parse("x IN ({:xs})").fill(Map.of("xs", texts()));
    assertThat(filled.text()).isEqualTo("x IN (NULL)");
    assertThat(filled.arguments()).isEmpty();
  }

  @Test
  void arraysOfDifferentLengths_areRefused() {
    SqlTemplate text = SqlTemplate.parse("{(:xs, :ys)}");
    assertThatThrownBy(() -> text.fill(Map.of("xs", texts("a"), "ys", texts())))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void invalidBraces_areRefused() {
    assertThatThrownBy(() -> SqlTemplate.parse("{:xs"))
        .isInstanceOf(IllegalArgumentException.class);
    SqlTemplate text = SqlTemplate.parse("{:x}");
    assertThatThrownBy(() -> text.fill(Map.of("x", 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static ArrayParameter texts(String... texts) {
    return ArrayParameter.texts(List.of(texts), text -> text);
  }
}
