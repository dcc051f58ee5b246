package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * The names of all keys and channels. The hash tag of a lock's keys is its bucket, so that a
 * cluster keeps them together. It is never the lock's name, which may contain braces.
 */
public final class RedisSchema {
  /** Number of buckets. A name's bucket is the CRC-32 of its bytes modulo this. Never changes. */
  public static final int BUCKETS = 256;

  private static final int LOCK_MARK = 3; // ":l:"

  private final String prefix;
  private final byte[][] locks = new byte[BUCKETS][];
  private final byte[][] marks = new byte[BUCKETS][];
  private final byte[][] tokens = new byte[BUCKETS][];
  private final byte[][] beginnings = new byte[BUCKETS][];
  private final byte[][] ages = new byte[BUCKETS][];

  public RedisSchema(String prefix) {
    this.prefix = prefix;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      String tag = prefix + ":{" + bucket + "}";
      locks[bucket] = ascii(tag + ":l:");
      marks[bucket] = ascii(tag + ":m:");
      tokens[bucket] = ascii(tag + ":tokens");
      beginnings[bucket] = ascii(tag + ":run");
      ages[bucket] = ascii(tag + ":age");
    }
  }

  public static int bucketOf(LockName lock) {
    return bucketOf(lock.utf8());
  }

  public static int bucketOf(ResourceName resource) {
    return bucketOf(resource.utf8());
  }

  public byte[] lock(int bucket, LockName lock) {
    return join(locks[bucket], lock.utf8());
  }

  public byte[] mark(int bucket, ResourceName resource) {
    return join(marks[bucket], resource.utf8());
  }

  public byte[] tokens(int bucket) {
    return tokens[bucket];
  }

  public byte[] beginning(int bucket) {
    return beginnings[bucket];
  }

  /** Returns a key of the bucket and those that each script on it needs, in the scripts' order. */
  public byte[][] stepKeys(int bucket, byte[] key) {
    return new byte[][] {key, tokens[bucket], beginnings[bucket], ages[bucket]};
  }

  public byte[] storeId() {
    return ascii(prefix + ":{store}:id");
  }

  public byte[] replicas() {
    return ascii(prefix + ":{store}:replicas");
  }

  /** Returns the channel that notifies a replica when a lock is reserved for it. */
  public byte[] channel(ReplicaId replica) {
    return ascii(prefix + ":w:" + replica.value());
  }

  /** Returns the pattern that matches the keys of all locks whose names begin with the text. */
  public byte[] pattern(String namesBegin) {
    StringBuilder escaped = new StringBuilder(prefix).append(":{*}:l:");
    for (int i = 0; i < namesBegin.length(); i++) {
      char c = namesBegin.charAt(i);
      if ("*?[]\\^-".indexOf(c) >= 0) {
        escaped.append('\\');
      }
      escaped.append(c);
    }
    return escaped.append('*').toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the lock that a key belongs to; empty if it is not a lock's key. */
  public Optional<LockName> nameIn(byte[] key) {
    int start = indexOf(key, (byte) '}') + 1 + LOCK_MARK;
    return isAmongLocks(key)
        ? LockName.fromUtf8(Arrays.copyOfRange(key, start, key.length))
            .filter(name -> Arrays.equals(key, lock(bucketOf(name), name)))
        : Optional.empty();
  }

  /** True if the key begins like a lock's key, whether or not it ends in a lock's name. */
  public boolean isAmongLocks(byte[] key) {
    int close = indexOf(key, (byte) '}');
    return close >= 0 && close + 1 + LOCK_MARK < key.length && key[close + 2] == 'l';
  }

  private static int bucketOf(byte[] name) {
    CRC32 crc = new CRC32();
    crc.update(name);
    return (int) (crc.getValue() % BUCKETS);
  }

  private static int indexOf(byte[] bytes, byte wanted) {
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static byte[] join(byte[] head, byte[] tail) {
    byte[] both = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, both, head.length, tail.length);
    return both;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
