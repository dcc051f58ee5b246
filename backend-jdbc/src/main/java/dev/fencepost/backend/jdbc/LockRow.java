package dev.fencepost.backend.jdbc;

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

/** A lock's record as a row of {@code fencepost_lock}. */
final class LockRow {
  private static final int LINE_WIDTH = ReplicaId.LENGTH + 1;

  /** Stands instead of the mode of a row of another format. */
  private static final String LATER_FORMAT = "?";

  private static final Claimant NOBODY = Claimant.named("");

  private LockRow() {}

  /** The name in column {@code first}; empty if there is no row. */
  static Optional<LockName> name(ResultSet row, int first) throws SQLException {
    byte[] bytes = row.getBytes(first);
    return bytes == null
        ? Optional.empty()
        : Optional.of(new LockName(new String(bytes, StandardCharsets.UTF_8)));
  }

  /**
   * Reads name, token, claim, owner, principal, mode, metadata, acquired_at, ttl, delay,
   * expires_at, free_at, turn, line and revoked, in this order, from column {@code first} on; the
   * name is known already.
   *
   * @throws StoreException if the row is damaged, or of a later version
   */
  static LockRecord read(LockName name, ResultSet row, int first) throws SQLException {
    String mode = row.getString(first + 5);
    boolean isHeld = row.getString(first + 2) != null;
    if (LATER_FORMAT.equals(mode) || (isHeld && !LockMode.EXCLUSIVE.name().equals(mode))) {
      throw StoreException.unreadable(name, "it has a format or a mode of a later version");
    }
    try {
      return parse(name, row, first);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw StoreException.unreadable(name, "it is damaged");
    }
  }

  private static LockRecord parse(LockName name, ResultSet row, int first) throws SQLException {
    return new LockRecord(
        name,
        tenure(row, first),
        row.getLong(first + 1),
        row.getLong(first + 11),
        Optional.ofNullable(row.getString(first + 12)).map(ReplicaId::new),
        line(row.getString(first + 13)),
        row.getString(first + 14));
  }

  private static Optional<Ownership> tenure(ResultSet row, int first) throws SQLException {
    String claim = row.getString(first + 2);
    if (claim == null) {
      return Optional.empty();
    }
    Claimant claimant =
        new Claimant(
            plain(row.getString(first + 3)),
            plain(row.getString(first + 4)),
            LockMode.EXCLUSIVE,
            entries(row.getString(first + 6)));
    Lease lease =
        new Lease(
            MicrosecondTime.duration(row.getLong(first + 8)),
            MicrosecondTime.duration(row.getLong(first + 9)));
    return Optional.of(
        new Ownership(
            new ClaimId(claim), claimant, lease, row.getLong(first + 7), row.getLong(first + 10)));
  }

  /**
   * Sets the parameters named like the columns. A row without a claim says by {@code expires_at}
   * until when it was in use, which is now.
   */
  static Sql.Asked write(LockRecord record, long nowMicros, Sql.Asked row) throws SQLException {
    Claimant claimant = record.ownership().map(Ownership::claimant).orElse(NOBODY);
    return row.with("name", record.name().utf8())
        .with("token", record.token())
        .with("claim", record.ownership().map(tenure -> tenure.claim().value()).orElse(null))
        .with("owner", escaped(claimant.owner()))
        .with("principal", escaped(claimant.principal()))
        .with("mode", claimant.mode().name())
        .with("metadata", form(claimant.metadata()))
        .with("acquired_at", record.ownership().map(Ownership::acquiredAtMicros).orElse(0L))
        .with(
            "ttl",
            record.ownership().map(tenure -> MicrosecondTime.of(tenure.lease().ttl())).orElse(0L))
        .with(
            "delay",
            record
                .ownership()
                .map(tenure -> MicrosecondTime.of(tenure.lease().lockDelay()))
                .orElse(0L))
        .with("expires_at", record.ownership().map(Ownership::expiresAtMicros).orElse(nowMicros))
        .with("free_at", record.freeAtMicros())
        .with("turn", record.turn().map(ReplicaId::value).orElse(null))
        .with("line", line(record.replicaQueue()))
        .with("revoked", record.revoked());
  }

  /** Replicas, 16 digits and a comma each, so that a part of one is never taken for another. */
  static String line(List<ReplicaId> replicas) {
    return replicas.stream().map(id -> id.value() + ",").collect(Collectors.joining());
  }

  private static List<ReplicaId> line(String text) {
    List<ReplicaId> replicas = new ArrayList<>();
    for (int at = 0; at + LINE_WIDTH <= text.length(); at += LINE_WIDTH) {
      replicas.add(new ReplicaId(text.substring(at, at + ReplicaId.LENGTH)));
    }
    return replicas;
  }

  /** Text without NUL, which PostgreSQL cannot keep. */
  static String escaped(String text) {
    return text.indexOf('%') < 0 && text.indexOf('\0') < 0
        ? text
        : text.replace("%", "%25").replace("\0", "%00");
  }

  private static String plain(String text) {
    return text.indexOf('%') < 0 ? text : text.replace("%00", "\0").replace("%25", "%");
  }

  /** Entries as in an HTML form. */
  static String form(Map<String, String> entries) {
    return entries.isEmpty()
        ? ""
        : entries.entrySet().stream()
            .map(entry -> encoded(entry.getKey()) + "=" + encoded(entry.getValue()))
            .collect(Collectors.joining("&"));
  }

  private static Map<String, String> entries(String form) {
    if (form.isEmpty()) {
      return Map.of();
    }
    Map<String, String> entries = new HashMap<>();
    for (String entry : form.split("&", -1)) {
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
