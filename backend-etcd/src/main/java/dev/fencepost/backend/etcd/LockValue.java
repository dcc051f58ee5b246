package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What a lock's key holds, and its form in bytes, which begins with a version. */
sealed interface LockValue {

  /** The token of a record that was written by that revision. */
  long tokenAt(long revision);

  /**
   * A claim that was granted.
   *
   * @param offset the token less the revision that wrote this
   * @param acquiredAtMicros by the clock of the replica that granted it; for people
   */
  record Granted(long offset, ClaimId claim, Claimant claimant, Lease lease, long acquiredAtMicros)
      implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return offset + revision;
    }
  }

  /**
   * Nobody holds it and nobody, or one replica only, may take it.
   *
   * @param token the last token; if it is {@code ownToken} less the revision that wrote this
   * @param ownToken whether the closing has a token of its own
   * @param time for how long, when it was written
   * @param turn who may take it all the same
   * @param revoked the administrator's reason, if it was closed by force; else empty
   */
  record Closed(
      long token, boolean ownToken, Duration time, Optional<ReplicaId> turn, String revoked)
      implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return ownToken ? token + revision : token;
    }
  }

  /**
   * Free: no more than a memory of the last grant.
   *
   * @param token its token
   * @param revoked the administrator's reason, if it was taken by force; else empty
   */
  record Free(long token, String revoked) implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return token;
    }
  }

  /** The bytes. */
  default ByteString encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(160);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      if (this instanceof Granted granted) {
        write(granted, out);
      } else if (this instanceof Closed closed) {
        write(closed, out);
      } else {
        write((Free) this, out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes.toByteArray());
  }

  /**
   * Reads the bytes of the lock's record again.
   *
   * @throws StoreException if they are damaged, or of a later version
   */
  static LockValue decode(LockName lock, ByteString bytes) {
    try (DataInputStream in = new DataInputStream(bytes.newInput())) {
      int version = in.readByte();
      if (version != VERSION) {
        throw StoreException.unreadable(lock, "it has format " + version + ", not " + VERSION);
      }
      byte kind = in.readByte();
      return switch (kind) {
        case GRANTED -> readGranted(in);
        case CLOSED -> readClosed(in);
        case FREE -> readFree(in);
        default -> throw StoreException.unreadable(lock, "it is of a kind that is not known");
      };
    } catch (StoreException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw StoreException.unreadable(lock, "it is damaged, or has a mode of a later version");
    }
  }

  /** Version of the form; a later one is refused rather than misread. */
  byte VERSION = 1;

  /** Kind of {@link Granted}. */
  byte GRANTED = 'G';

  /** Kind of {@link Closed}. */
  byte CLOSED = 'C';

  /** Kind of {@link Free}. */
  byte FREE = 'F';

  private static void write(Granted granted, DataOutputStream out) throws IOException {
    out.writeByte(GRANTED);
    out.writeLong(granted.offset());
    out.writeUTF(granted.claim().value());
    out.writeLong(granted.lease().ttl().toMillis());
    out.writeLong(granted.lease().lockDelay().toMillis());
    out.writeLong(granted.acquiredAtMicros());
    Claimant claimant = granted.claimant();
    out.writeUTF(claimant.mode().name());
    out.writeUTF(claimant.owner());
    out.writeUTF(claimant.principal());
    out.writeByte(claimant.metadata().size());
    for (Map.Entry<String, String> entry : claimant.metadata().entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeUTF(entry.getValue());
    }
  }

  private static void write(Closed closed, DataOutputStream out) throws IOException {
    out.writeByte(CLOSED);
    out.writeLong(closed.token());
    out.writeBoolean(closed.ownToken());
    out.writeLong(closed.time().toMillis());
    out.writeUTF(closed.turn().map(ReplicaId::value).orElse(""));
    out.writeUTF(closed.revoked());
  }

  /** A reason stands behind what earlier versions wrote, which they do not read. */
  private static void write(Free free, DataOutputStream out) throws IOException {
    out.writeByte(FREE);
    out.writeLong(free.token());
    if (!free.revoked().isEmpty()) {
      out.writeUTF(free.revoked());
    }
  }

  private static Free readFree(DataInputStream in) throws IOException {
    long token = in.readLong();
    return new Free(token, in.available() == 0 ? "" : in.readUTF());
  }

  private static Granted readGranted(DataInputStream in) throws IOException {
    long offset = in.readLong();
    ClaimId claim = new ClaimId(in.readUTF());
    Lease lease = new Lease(Duration.ofMillis(in.readLong()), Duration.ofMillis(in.readLong()));
    long acquiredAt = in.readLong();
    LockMode mode = LockMode.valueOf(in.readUTF());
    String owner = in.readUTF();
    String principal = in.readUTF();
    int entries = in.readUnsignedByte();
    Map<String, String> metadata = new HashMap<>();
    for (int i = 0; i < entries; i++) {
      metadata.put(in.readUTF(), in.readUTF());
    }
    return new Granted(
        offset, claim, new Claimant(owner, principal, mode, metadata), lease, acquiredAt);
  }

  private static Closed readClosed(DataInputStream in) throws IOException {
    long token = in.readLong();
    boolean own = in.readBoolean();
    Duration time = Duration.ofMillis(in.readLong());
    String turn = in.readUTF();
    return new Closed(
        token,
        own,
        time,
        turn.isEmpty() ? Optional.empty() : Optional.of(new ReplicaId(turn)),
        in.readUTF());
  }
}
