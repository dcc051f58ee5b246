package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Reads the lock records that {@code lock_record.lua} writes, and writes a claim's terms and its
 * claimant for it.
 */
final class RedisRecordCodec {
  private static final int TTL = 8;
  private static final int DELAY = 6;
  private static final int FILLER = 15;
  private static final int QUEUE_COUNT = 3;
  private static final char OWNED = 'h';
  private static final char CLOSED = 'c';
  private static final char CLAIMANT_VERSION = '1';

  /** {@link LockMode#EXCLUSIVE}, the only mode. */
  private static final byte EXCLUSIVE = 'X';

  private RedisRecordCodec() {}

  /** A bucket's clock and last token at the time of a reply. */
  record Moment(long nowMicros, long lastToken) {
    static Moment read(ReplyParser reply) {
      return new Moment(reply.number(DecimalText.MICROS_WIDTH), reply.token());
    }

    long presentToken(long token) {
      return Math.max(Math.max(token, lastToken), TimeUnit.MICROSECONDS.toNanos(nowMicros));
    }
  }

  /** The terms of a grant, which a record contains as ttl, delay and mode. */
  record Terms(Lease lease, LockMode mode) {
    static Terms read(ReplyParser reply) {
      Duration ttl = Duration.ofMillis(reply.number(TTL));
      Duration delay = Duration.ofMillis(reply.number(DELAY));
      if (reply.letter() != EXCLUSIVE) {
        throw new IllegalStateException("a mode of a later version");
      }
      return new Terms(new Lease(ttl, delay), LockMode.EXCLUSIVE);
    }

    byte[] write() {
      byte[] all = new byte[TTL + DELAY + 1];
      System.arraycopy(DecimalText.of(lease.ttl().toMillis(), TTL), 0, all, 0, TTL);
      System.arraycopy(DecimalText.of(lease.lockDelay().toMillis(), DELAY), 0, all, TTL, DELAY);
      all[TTL + DELAY] = EXCLUSIVE;
      return all;
    }
  }

  /**
   * Reads the state of a lock with a record. The reply is the record's remaining milliseconds, a
   * colon, and the record.
   *
   * @throws StoreException if the record is damaged, or of a later version
   */
  static LockState readState(LockName lock, Moment moment, ReplyParser reply) {
    try {
      return parseRecord(lock, moment, reply);
    } catch (IllegalStateException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw unreadable(lock);
    }
  }

  /** Returns the exception for a lock whose record cannot be read. */
  static StoreException unreadable(LockName lock) {
    return StoreException.unreadable(
        lock, "it is damaged, or has a format or a mode of a later version");
  }

  private static LockState parseRecord(LockName lock, Moment moment, ReplyParser reply) {
    Duration left = Duration.ofMillis(Math.max(1, reply.numberUpTo(':')));
    if (reply.isAtEnd()) {
      return quietState(lock, moment, left);
    }
    char kind = reply.letter();
    if (kind != OWNED && kind != CLOSED) {
      throw new IllegalStateException("a kind of a later version");
    }
    long token = reply.token();
    return kind == OWNED
        ? ownedState(lock, moment, token, left, reply)
        : closedState(lock, moment, token, left, reply);
  }

  /** Returns the state of a lock without a record, in a bucket that grants nothing for a time. */
  static LockState quietState(LockName lock, Moment moment, Duration left) {
    LockStatus closed = new LockStatus.Closed(left, Optional.empty(), "");
    return new LockState(lock, closed, Optional.empty(), List.of(), moment.presentToken(0));
  }

  /** Returns the state of a lock without a record. */
  static LockState freeState(LockName lock, Moment moment, Optional<FencingToken> last) {
    return new LockState(lock, new LockStatus.Free(), last, List.of(), moment.presentToken(0));
  }

  /** Reads the token and terms of an existing grant from its whole record. */
  static ExistingGrant readExisting(ReplyParser reply) {
    reply.letter();
    long token = reply.token();
    reply.number(DecimalText.MICROS_WIDTH);
    return new ExistingGrant(token, Terms.read(reply));
  }

  /** The token and terms of a grant. */
  record ExistingGrant(long token, Terms terms) {}

  private static LockState ownedState(
      LockName lock, Moment moment, long token, Duration left, ReplyParser reply) {
    long acquiredAt = reply.number(DecimalText.MICROS_WIDTH);
    Terms terms = Terms.read(reply);
    List<ReplicaId> replicaQueue = readQueue(reply);
    String claim = reply.wordUpTo(' ');
    Duration remaining = left.minus(terms.lease().lockDelay());
    FencingToken last = new FencingToken(token);
    LockStatus status;
    if (remaining.isNegative() || remaining.isZero()) {
      status = new LockStatus.Closed(left, Optional.empty(), "");
    } else {
      status =
          new LockStatus.Held(
              new Holder(
                  readClaimant(reply, terms.mode()),
                  new ClaimId(claim).tag(),
                  last,
                  remaining,
                  MicrosecondTime.instant(acquiredAt)));
    }
    return new LockState(lock, status, Optional.of(last), replicaQueue, moment.presentToken(token));
  }

  private static LockState closedState(
      LockName lock, Moment moment, long token, Duration left, ReplyParser reply) {
    String reservedFor = reply.text(ReplicaId.LENGTH);
    reply.text(FILLER);
    List<ReplicaId> replicaQueue = readQueue(reply);
    Optional<ReplicaId> replica =
        reservedFor.charAt(0) == '-' ? Optional.empty() : Optional.of(new ReplicaId(reservedFor));
    LockStatus status = new LockStatus.Closed(left, replica, reply.rest());
    FencingToken last = new FencingToken(token);
    return new LockState(lock, status, Optional.of(last), replicaQueue, moment.presentToken(token));
  }

  private static List<ReplicaId> readQueue(ReplyParser reply) {
    int count = (int) reply.number(QUEUE_COUNT);
    List<ReplicaId> replicaQueue = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      replicaQueue.add(new ReplicaId(reply.text(ReplicaId.LENGTH)));
    }
    return replicaQueue;
  }

  /**
   * Writes the claimant at the end of a record: the format's version, then owner, principal, keys
   * and values, each as its length in bytes, a colon and its UTF-8.
   */
  static byte[] writeClaimant(Claimant claimant) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(CLAIMANT_VERSION);
    writePart(claimant.owner(), out);
    writePart(claimant.principal(), out);
    claimant
        .metadata()
        .forEach(
            (key, value) -> {
              writePart(key, out);
              writePart(value, out);
            });
    return out.toByteArray();
  }

  /** Reads the rest of a record. From a later version, owner and principal only. */
  private static Claimant readClaimant(ReplyParser reply, LockMode mode) {
    char version = reply.letter();
    String owner = readPart(reply);
    String principal = readPart(reply);
    Map<String, String> metadata = new HashMap<>();
    while (version == CLAIMANT_VERSION && !reply.isAtEnd()) {
      metadata.put(readPart(reply), readPart(reply));
    }
    return new Claimant(owner, principal, mode, metadata);
  }

  private static void writePart(String part, ByteArrayOutputStream out) {
    byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(DecimalText.of(bytes.length));
    out.write(':');
    out.writeBytes(bytes);
  }

  private static String readPart(ReplyParser reply) {
    return reply.text((int) reply.numberUpTo(':'));
  }

  /** Writes a principal as in a claimant. */
  static byte[] principalText(String principal) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writePart(principal, out);
    return out.toByteArray();
  }

  /** Reads the maker of a grant: its token, and the principal as in a claimant. */
  static OtherPrincipal readMaker(ReplyParser reply) {
    FencingToken token = new FencingToken(reply.token());
    return new OtherPrincipal(readPart(reply), token);
  }

  /** Returns a claim id with a space behind it, so that no id is the prefix of another. */
  static byte[] claimText(ClaimId claim) {
    return (claim.value() + " ").getBytes(StandardCharsets.US_ASCII);
  }

  /** Maps a script's letter to the reason why a grant was lost. */
  static LossReason lossReason(char letter) {
    return switch (letter) {
      case 'V' -> LossReason.REVOKED;
      case 'S' -> LossReason.SUPERSEDED;
      case 'L' -> LossReason.RELEASED;
      default -> LossReason.EXPIRED;
    };
  }
}
