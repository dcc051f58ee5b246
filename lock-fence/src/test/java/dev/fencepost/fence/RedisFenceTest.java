package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.fence.pause.PauseTrial;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RedisFenceTest {

  private static final RedisServer SERVER = new RedisServer("appendfsync no");
  private static RedisClient client;
  private static StatefulRedisConnection<String, String> connection;

  private final RedisCommands<String, String> redis = connection.sync();
  private final RedisFence fence = RedisFence.over(connection.async());

  @BeforeAll
  static void startServer() {
    SERVER.start();
    client = RedisClient.create(SERVER.uri());
    connection = client.connect();
  }

  @AfterAll
  static void stopServer() {
    client.shutdown();
    SERVER.close();
  }

  @BeforeEach
  void empty() {
    redis.flushall();
    redis.scriptFlush();
  }

  @Test
  void tokenBelowTheMark_isRefused_othersPass() {
    fence.set("stock:42", "1", token(1)).join();
    fence.set("stock:42", "2", token(1)).join();
    fence.set("stock:42", "3", token(3)).join();
    refuse(fence.set("stock:42", "late", token(2)), "stock:42", 2, 3);
    fence.set("stock:43", "1", token(2)).join();
    assertThat(redis.get("stock:42")).isEqualTo("3");
  }

  @Test
  void tokensThatAFloatingNumberTakesForEqual_areToldApart() {
    for (long token : new long[] {9_007_199_254_740_993L, Long.MAX_VALUE}) {
      fence.set("a" + token, "new", new FencingToken(token)).join();
      assertThatThrownBy(() -> fence.set("a" + token, "late", new FencingToken(token - 1)).join())
          .hasCauseInstanceOf(StaleTokenException.class);
    }
    fence.set("b", "old", new FencingToken(9)).join();
    fence.set("b", "new", new FencingToken(10)).join();
    assertThat(redis.get("b")).isEqualTo("new");
  }

  @Test
  void script_findsItsOwnKeysAndArguments_andAnswersAsWithEval() {
    String shown = "return {#KEYS, #ARGV, KEYS[1], KEYS[2], ARGV[1], ARGV[2]} -- a comment";
    assertThat(fence.eval(shown, List.of("{t}a", "{t}b"), List.of("x", "y"), token(1)).join())
        .isEqualTo(List.of(2L, 2L, "{t}a", "{t}b", "x", "y"));
    List<String> key = List.of("k");
    assertThat(fence.eval("return nil", key, List.of(), token(1)).join()).isNull();
    assertThat(fence.eval("", key, List.of(), token(1)).join()).isNull();
    assertThat(fence.eval("return 7", key, List.of(), token(1)).join()).isEqualTo(7L);
    assertThat(fence.eval("return 'stale'", key, List.of(), token(1)).join()).isEqualTo("stale");
    assertThat(fence.eval("return redis.call('SET', KEYS[1], 1)", key, List.of(), token(1)).join())
        .isEqualTo("OK");
    assertThat(fence.eval("return {'a', {'b', 3}}", key, List.of(), token(1)).join())
        .isEqualTo(List.of("a", List.of("b", 3L)));
  }

  @Test
  void failingScript_reportsItsError_andLeavesTheMarkRaised() {
    for (String failing :
        List.of(
            "return redis.error_reply('MINE failed')",
            "redis.call('NOSUCH')",
            "this is no Lua",
            "redis.call('LPUSH', KEYS[1], 1); return redis.call('GET', KEYS[1])")) {
      assertThatThrownBy(() -> fence.eval(failing, List.of("a"), List.of(), token(2)).join())
          .hasCauseInstanceOf(RedisCommandExecutionException.class);
    }
    refuse(fence.set("a", "late", token(1)), "a", 1, 2);
  }

  @Test
  void writeOfSeveralKeys_needsThemAll() {
    fence.set("{t}b", "new", token(2)).join();
    CompletableFuture<?> late =
        fence.eval("redis.call('SET', KEYS[1], 1)", List.of("{t}a", "{t}b"), List.of(), token(1));
    refuse(late, "{t}b", 1, 2);
    assertThat(redis.exists("{t}a", MarkKey.of("{t}a"))).isZero();
    fence
        .eval("redis.call('SET', KEYS[1], 1)", List.of("{t}a", "{t}b"), List.of(), token(3))
        .join();
    refuse(fence.set("{t}a", "late", token(2)), "{t}a", 2, 3);
    refuse(fence.set("{t}b", "late", token(2)), "{t}b", 2, 3);
  }

  @Test
  void malformedMark_letsNothingThrough() {
    redis.set(MarkKey.of("a"), "7");
    assertThatThrownBy(() -> fence.set("a", "1", token(1)).join())
        .hasMessageContaining("FENCE no mark in fencepost:mark:{a}");
    redis.del(MarkKey.of("a"));
    redis.lpush(MarkKey.of("a"), "7");
    assertThatThrownBy(() -> fence.set("a", "1", token(1)).join())
        .hasMessageContaining("WRONGTYPE");
    assertThat(redis.get("a")).isNull();
  }

  @Test
  void scriptGivenAnythingButATokenInNineteenDigits_refusesAndRaisesNoMark() {
    String script = FencedScript.around("return redis.call('SET', KEYS[1], ARGV[1])");
    String[] keys = {"a", MarkKey.of("a")};
    for (String token :
        List.of(
            "1",
            "",
            "0000000000000000000",
            "9223372036854775808",
            "-000000000000000001",
            "00000000000000001e9",
            "000000000000000001\n",
            "00000000000000000001",
            "\u0660".repeat(18) + "\u0661",
            "\u0660".repeat(8) + "111")) {
      assertThatThrownBy(
              () -> redis.<Object>eval(script, ScriptOutputType.MULTI, keys, "1", token, "0"))
          .as(token)
          .hasMessageContaining("FENCE no token");
    }
    assertThatThrownBy(() -> redis.<Object>eval(script, ScriptOutputType.MULTI, keys))
        .hasMessageContaining("FENCE no token");
    assertThat(redis.exists("a", MarkKey.of("a"))).isZero();
    fence.set("a", "1", token(1)).join();
  }

  @Test
  void marks_areKeptForEver_orForTheRetention() {
    fence.set("a", "1", token(1)).join();
    assertThat(redis.pttl(MarkKey.of("a"))).isEqualTo(-1);
    RedisFence forgetful = fence.keepingMarksFor(Duration.ofDays(2));
    forgetful.set("a", "1", token(1)).join();
    assertThat(redis.pttl(MarkKey.of("a")))
        .isBetween(Duration.ofDays(1).toMillis(), Duration.ofDays(2).toMillis());
    assertThatThrownBy(() -> fence.keepingMarksFor(Duration.ofHours(23)))
        .isInstanceOf(InvalidValueException.class);
  }

  @Test
  void markKeys_lieInTheSlotOfTheirKeys_andAreDifferent() {
    List<String> keys =
        List.of(
            "a", "ab", "{a}", "{a}b", "b{a}", "{a}{b}", "{a", "a{", "{a}}", "{{a}}", "ä😀", " ");
    assertThat(keys.stream().map(MarkKey::of)).doesNotHaveDuplicates();
    for (String key : keys) {
      assertThat(SlotHash.getSlot(MarkKey.of(key))).as(key).isEqualTo(SlotHash.getSlot(key));
    }
    for (String unusable : List.of("", "a}b", "{}a", "}{")) {
      assertThatThrownBy(() -> fence.set(unusable, "1", token(1)))
          .isInstanceOf(InvalidValueException.class);
    }
  }

  @Test
  void wrongArguments_areRefusedAtOnce() {
    assertThatThrownBy(() -> fence.eval("return 1", List.of(), List.of(), token(1)))
        .isInstanceOf(InvalidValueException.class);
    assertThatThrownBy(() -> fence.eval("#!lua\nreturn 1", List.of("a"), List.of(), token(1)))
        .isInstanceOf(InvalidValueException.class);
    assertThatThrownBy(() -> fence.set("a", "1", new FencingToken(0)))
        .isInstanceOf(InvalidValueException.class);
  }

  @Test
  void marksForOtherGuards_check_andReportWhenTheyCannotBeRead() throws Exception {
    FenceMarks marks = fence.marks(Duration.ofSeconds(30));
    marks.check("a", token(2));
    assertThatThrownBy(() -> marks.check("a", token(1))).isInstanceOf(StaleTokenException.class);
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        StatefulRedisConnection<String, String> held =
            client.connect(RedisURI.create(RedisServer.uri(proxy.port())))) {
      proxy.hold(Direction.REQUESTS);
      FenceMarks silent = RedisFence.over(held.async()).marks(Duration.ofMillis(50));
      assertThatThrownBy(() -> silent.check("a", token(3)))
          .isInstanceOf(FenceUnavailableException.class);
      proxy.resume();
    }
  }

  @Test
  void writeHeldBackOnItsWay_isRefusedWhenItArrives() {
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        StatefulRedisConnection<String, String> slow =
            client.connect(RedisURI.create(RedisServer.uri(proxy.port())))) {
      proxy.hold(Direction.REQUESTS);
      CompletableFuture<Void> late = RedisFence.over(slow.async()).set("a", "late", token(1));
      fence.set("a", "newer", token(2)).join();
      proxy.resume();
      refuse(late, "a", 1, 2);
      assertThat(redis.get("a")).isEqualTo("newer");
    }
  }

  @Test
  void effectsOfManyWriters_haveTokensThatNeverDecrease() throws Exception {
    String push = "redis.call('RPUSH', KEYS[1], ARGV[1])";
    long highest =
        RisingTokens.run(
            8,
            500,
            token -> {
              try {
                fence.eval(push, List.of("effects"), List.of(token.toString()), token).join();
              } catch (CompletionException e) {
                throw (Exception) e.getCause();
              }
            });
    List<Long> effects = new ArrayList<>();
    redis.lrange("effects", 0, -1).forEach(each -> effects.add(Long.parseLong(each)));
    RisingTokens.assertNeverFalling(effects, highest);
  }

  @Test
  void holderStoppedBetweenLookAndWrite_isRefused() throws Exception {
    PauseTrial.allLateWritesAreRefused("redis", SERVER.uri());
    assertThat(PauseTrial.resources())
        .allSatisfy(resource -> assertThat(redis.get(resource)).isEqualTo("newer"));
  }

  private static void refuse(CompletableFuture<?> write, String key, long token, long mark) {
    assertThatThrownBy(write::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            StaleTokenException.class,
            stale -> {
              assertThat(stale.resource()).isEqualTo(key);
              assertThat(stale.token()).isEqualTo(token(token));
              assertThat(stale.mark()).isEqualTo(token(mark));
            });
  }
}
