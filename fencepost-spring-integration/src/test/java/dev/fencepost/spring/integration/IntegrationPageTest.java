package dev.fencepost.spring.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.integration.support.locks.LockRegistry;

/** The code in docs/spring-integration.md makes a registry that locks. */
class IntegrationPageTest {
  private static final Path PAGE = Path.of("../docs/spring-integration.md");
  private static final Path SELF =
      Path.of("src/test/java/dev/fencepost/spring/integration/IntegrationPageTest.java");
  private static final Pattern CODE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TempDir private Path folder;

  @Test
  void bean_locks() throws Exception {
    Map<String, String> flags =
        Map.of("store", "h2:" + folder, "listen", "127.0.0.1:0", "http-listen", "off");
    try (FencepostServer server = FencepostServer.start(ServerConfig.load(flags, Map.of()));
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
      context.registerBean(
          FencepostClient.class, () -> FencepostClient.connect("127.0.0.1:" + server.port()));
      context.register(Application.class);
      context.refresh();
      Lock lock = context.getBean(LockRegistry.class).obtain("orders/1");
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  @Test
  void page_showsWhatIsRun() throws IOException {
    List<String> blocks =
        CODE.matcher(Files.readString(PAGE)).results().map(each -> flat(each.group(1))).toList();
    assertThat(blocks).hasSize(1);
    assertThat(flat(Files.readString(SELF))).contains(blocks.get(0));
  }

  private static String flat(String code) {
    return code.replaceAll("\\s+", "");
  }

  static class Application {
    @Bean
    FencepostLockRegistry locks(FencepostClient client) {
      return new FencepostLockRegistry(client, "shop");
    }
  }
}
