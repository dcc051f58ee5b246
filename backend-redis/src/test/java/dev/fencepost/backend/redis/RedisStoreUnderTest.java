package dev.fencepost.backend.redis;

import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** A Redis that tests change without the backend, through its command-line client. */
abstract class RedisStoreUnderTest implements StoreUnderTest {
  private final RedisSchema schema = new RedisSchema("fp");

  /** The store's URI. */
  abstract String uri();

  /** Runs a command on the server that has the key. */
  abstract String cli(String... command);

  /** Runs a command on every server that takes writes. */
  abstract void everywhere(String... command);

  @Override
  public LockBackend newBackend() {
    return new RedisBackendProvider()
        .create(new StoreSettings(uri(), TestReplica.CALL_TIMEOUT, Map.of()));
  }

  @Override
  public boolean wakesByNotification() {
    return true;
  }

  @Override
  public boolean honoursTokenFloor() {
    return true;
  }

  @Override
  public void wipe() {
    everywhere("FLUSHALL");
    awaitSettled();
  }

  /** Does nothing: a bucket forgets its oldest tokens when it gets others, never by time. */
  @Override
  public void purgeIdle() {}

  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    int bucket = RedisSchema.bucketOf(lock);
    String entry =
        text(DecimalText.of(last.value(), DecimalText.TOKEN_WIDTH))
            + text(schema.lock(bucket, lock));
    cli("LPUSH", text(schema.tokens(bucket)), entry);
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    String key = text(schema.lock(RedisSchema.bucketOf(lock), lock));
    switch (damage) {
      case GARBAGE -> cli("SETRANGE", key, "20", "spoiled by somebody else's hand");
      case LATER_FORMAT -> cli("SETRANGE", key, "0", "m");
      case UNKNOWN_MODE -> cli("SETRANGE", key, "50", "S");
    }
  }

  /** Writes the name as a literal of Lua, because an argument would be text. */
  @Override
  public void misname(LockName lock, byte[] name) {
    StringBuilder literal = new StringBuilder();
    for (byte each : name) {
      literal.append(String.format(Locale.ROOT, "\\%03d", each & 0xff));
    }
    int bucket = RedisSchema.bucketOf(lock);
    String key = text(schema.lock(bucket, lock));
    String head = key.substring(0, key.length() - lock.value().length());
    cli(
        "EVAL",
        "return redis.call('RENAME', KEYS[1], ARGV[1] .. '" + literal + "')",
        "1",
        key,
        head);
  }

  @Override
  public Stall stall(LockName lock) {
    everywhere("CLIENT", "PAUSE", "60000", "WRITE");
    AtomicBoolean ended = new AtomicBoolean();
    return () -> {
      if (ended.compareAndSet(false, true)) {
        everywhere("CLIENT", "UNPAUSE");
      }
    };
  }

  /** Waits until every bucket of a store that was empty grants. */
  void awaitSettled() {
    try (TestReplica probe = new TestReplica(uri())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> TestReplica.namesInAllBuckets().stream().allMatch(probe::isFree));
    }
  }

  private static String text(byte[] ascii) {
    return new String(ascii, StandardCharsets.UTF_8);
  }
}
