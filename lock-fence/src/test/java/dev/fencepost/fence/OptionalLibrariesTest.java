package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.FencingToken;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** A guard does not need the libraries of the other guards. */
class OptionalLibrariesTest {

  @Test
  void guards_workWithoutTheLibrariesOfTheOthers() throws Exception {
    URL[] bare = {home(MemoryFence.class), home(FencingToken.class), home(NullMarked.class)};
    try (URLClassLoader loader = new URLClassLoader(bare, ClassLoader.getPlatformClassLoader())) {
      for (Class<?> guard :
          List.of(
              MemoryFence.class,
              JdbcFence.class,
              HttpFence.class,
              FenceMarks.class,
              StaleTokenException.class,
              FenceUnavailableException.class)) {
        Class<?> alone = Class.forName(guard.getName(), true, loader);
        assertThat(alone).isNotSameAs(guard);
        assertThat(alone.getDeclaredMethods()).as("looked at, as frameworks do").isNotNull();
      }
      assertThatThrownBy(
              () -> Class.forName(RedisFence.class.getName(), true, loader).getDeclaredMethods())
          .isInstanceOf(NoClassDefFoundError.class);
    }
  }

  private static URL home(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }
}
