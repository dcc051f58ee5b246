package dev.fencepost.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.fence.MemoryFence;
import dev.fencepost.lock.FencingToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code in docs/testing.md, and that the page shows nothing else. */
@FencepostTest
class TestingPageTest {
  private static final Path PAGE = Path.of("../docs/testing.md");
  private static final Path SOURCES = Path.of("src/test/java/dev/fencepost/junit");
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  private final Shipment shipments = new Shipment();
  private final OrderTable orders = new OrderTable();

  @Test
  void shipment_stopsWhenItsLockIsLost(LockTestServer server, FencepostClient client)
      throws Exception {
    CompletableFuture<Shipment.Result> shipment = shipments.start(client, "orders/42");
    server.expire("orders/42");
    assertThat(shipment.get(20, TimeUnit.SECONDS)).isEqualTo(Shipment.Result.STOPPED);
  }

  @Test
  void holder_cannotKnow(LockTestServer server, FencepostClient client) throws Exception {
    LockHandle lock =
        client.lock("orders/42").withTtl(Duration.ofMinutes(10)).acquire(Duration.ofSeconds(20));
    server.partition();
    server.expire("orders/42");
    assertThat(lock.isHeld()).isTrue(); // it cannot know
    assertThat(server.holderOf("orders/42")).isEmpty();
  }

  @Test
  void update_isFenced(LockTestServer server) {
    server.assertFenced("orders/42", token -> orders.update(42, token));
  }

  @Test
  void page_showsWhatIsRun() throws IOException {
    List<String> blocks =
        BLOCK.matcher(Files.readString(PAGE)).results().map(TestingPageTest::code).toList();
    assertThat(blocks).hasSizeGreaterThan(3);
    assertThat(blocks).allSatisfy(block -> assertThat(sources()).contains(block));
  }

  private static String code(MatchResult block) {
    return flat(block.group(1));
  }

  private static String sources() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.toList()) {
        all.append(Files.readString(file));
      }
    }
    return flat(all.toString());
  }

  private static String flat(String code) {
    return code.replaceAll("\\s+", "");
  }

  private static final class OrderTable {
    private final MemoryFence fence = new MemoryFence();

    void update(long order, FencingToken token) throws Exception {
      fence.run("orders/" + order, token, () -> order);
    }
  }
}
