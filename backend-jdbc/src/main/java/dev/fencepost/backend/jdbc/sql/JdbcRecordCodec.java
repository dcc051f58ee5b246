package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads and writes a lock's record as a row of {@code fencepost_lock}. */
public final class JdbcRecordCodec {
  private static final int QUEUE_ENTRY_LENGTH = ReplicaId.LENGTH + 1;

  /** The statements return this instead of the mode if the row has another format. */
  private static final String LATER_FORMAT = "?";

  private static final Claimant NOBODY = Claimant.named("");

  private JdbcRecordCodec() {}

  /** Reads the name in column {@code first}; empty if there is no row, or if no lock has it. */
  public static Optional<LockName> readName(ResultSet row, int first) throws SQLException {
    byte[] bytes = row.getBytes(first);
    return bytes == null ? Optional.empty() : LockName.fromUtf8(bytes);
  }

  /**
   * Reads the columns name, token, claim, owner, principal, mode, metadata, acquired_at, ttl,
   * delay, expires_at, free_at, turn, line and revoked, in this order, from column {@code first}
   * on. The name is known already.
   *
   * @throws StoreException if the row is damaged, or of a later version
   */
  public static LockRecord readRecord(LockName name, ResultSet row, int first) throws SQLException {
    String mode = row.getString(first + 5);
    boolean isHeld = row.getString(first + 2) != null;
    if (LATER_FORMAT.equals(mode) || (isHeld && !LockMode.EXCLUSIVE.name().equals(mode))) {
      throw StoreException.unreadable(name, "it has a format or a mode of a later version");
    }
    try {
      return parse(name, row, first);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw damaged(name);
    }
  }

  /** Makes the failure of a command on a row that is damaged. */
  static StoreException damaged(LockName name) {
    return StoreException.unreadable(name, "it is damaged");
  }

  private static LockRecord parse(LockName name, ResultSet row, int first) throws SQLException {
    return new LockRecord(
        name,
        ownership(row, first),
        row.getLong(first + 1),
        row.getLong(first + 11),
        Optional.ofNullable(row.getString(first + 12)).map(ReplicaId::new),
        parseQueue(row.getString(first + 13)),
        row.getString(first + 14));
  }

  private static Optional<Ownership> ownership(ResultSet row, int first) throws SQLException {
    String claim = row.getString(first + 2);
    if (claim == null) {
      return Optional.empty();
    }
    Claimant claimant =
        new Claimant(
            unescaped(row.getString(first + 3)),
            unescaped(row.getString(first + 4)),
            LockMode.EXCLUSIVE,
            parseMetadata(row.getString(first + 6)));
    Lease lease =
        new Lease(
            MicrosecondTime.duration(row.getLong(first + 8)),
            MicrosecondTime.duration(row.getLong(first + 9)));
    return Optional.of(
        new Ownership(
            new ClaimId(claim), claimant, lease, row.getLong(first + 7), row.getLong(first + 10)));
  }

  /**
   * Sets the parameters, which are named like the columns. In a row without a claim {@code
   * expires_at} is the time until which the lock was in use, which is now.
   */
  static BoundStatement bindRecord(LockRecord record, long nowMicros, BoundStatement statement)
      throws SQLException {
    Optional<Ownership> held = record.ownership();
    Claimant claimant = held.map(Ownership::claimant).orElse(NOBODY);
    return statement
        .with("name", record.name().utf8())
        .with("token", record.token())
        .with("claim", held.map(each -> each.claim().value()).orElse(null))
        .with("owner", escaped(claimant.owner()))
        .with("principal", escaped(claimant.principal()))
        .with("mode", claimant.mode().name())
        .with("metadata", metadataText(claimant.metadata()))
        .with("acquired_at", held.map(Ownership::acquiredAtMicros).orElse(0L))
        .with("ttl", held.map(each -> MicrosecondTime.of(each.lease().ttl())).orElse(0L))
        .with("delay", held.map(each -> MicrosecondTime.of(each.lease().lockDelay())).orElse(0L))
        .with("expires_at", held.map(Ownership::expiresAtMicros).orElse(nowMicros))
        .with("free_at", record.freeAtMicros())
        .with("turn", record.turn().map(ReplicaId::value).orElse(null))
        .with("line", queueText(record.replicaQueue()))
        .with("revoked", record.revoked());
  }

  /** Joins replica ids, 16 digits and a comma each, so that no part of one matches another. */
  private static String queueText(List<ReplicaId> replicas) {
    return replicas.stream().map(id -> id.value() + ",").collect(Collectors.joining());
  }

  private static List<ReplicaId> parseQueue(String text) {
    List<ReplicaId> replicas = new ArrayList<>();
    for (int at = 0; at < text.length(); at += QUEUE_ENTRY_LENGTH) {
      if (text.charAt(at + ReplicaId.LENGTH) != ',') {
        throw new IllegalArgumentException("an entry of the queue without its comma");
      }
      replicas.add(new ReplicaId(text.substring(at, at + ReplicaId.LENGTH)));
    }
    return replicas;
  }

  /** Escapes NUL, which PostgreSQL cannot store, and the escape character. */
  static String escaped(String text) {
    return text.indexOf('%') < 0 && text.indexOf('\0') < 0
        ? text
        : text.replace("%", "%25").replace("\0", "%00");
  }

  static String unescaped(String text) {
    return text.indexOf('%') < 0 ? text : text.replace("%00", "\0").replace("%25", "%");
  }

  /** Encodes metadata as in an HTML form. */
  static String metadataText(Map<String, String> entries) {
    return entries.isEmpty()
        ? ""
        : entries.entrySet().stream()
            .map(entry -> encoded(entry.getKey()) + "=" + encoded(entry.getValue()))
            .collect(Collectors.joining("&"));
  }

  private static Map<String, String> parseMetadata(String text) {
    if (text.isEmpty()) {
      return Map.of();
    }
    Map<String, String> entries = new HashMap<>();
    for (String entry : text.split("&", -1)) {
      int equals = entry.indexOf('=');
      entries.put(decoded(entry.substring(0, equals)), decoded(entry.substring(equals + 1)));
    }
    return entries;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
