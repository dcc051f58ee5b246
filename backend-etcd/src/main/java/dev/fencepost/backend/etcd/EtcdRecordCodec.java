package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LockValue.Closed;
import dev.fencepost.backend.etcd.LockValue.Free;
import dev.fencepost.backend.etcd.LockValue.Granted;
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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes of lock records and of replica queues.
 *
 * <p>A record begins with the version of its form and the kind of its value. A queue is the replica
 * ids in their order, {@value dev.fencepost.lock.ReplicaId#LENGTH} ASCII characters each.
 */
final class EtcdRecordCodec {
  /** Version of the form. A record with a later version is refused, never misread. */
  static final byte VERSION = 1;

  /** Kind of {@link Granted}. */
  static final byte GRANTED = 'G';

  /** Kind of {@link Closed}. */
  static final byte CLOSED = 'C';

  /** Kind of {@link Free}. */
  static final byte FREE = 'F';

  private static final int USUAL_BYTES = 160;

  private EtcdRecordCodec() {}

  static ByteString encode(LockValue value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(USUAL_BYTES);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      if (value instanceof Granted granted) {
        write(granted, out);
      } else if (value instanceof Closed closed) {
        write(closed, out);
      } else {
        write((Free) value, out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes.toByteArray());
  }

  /**
   * Decodes the record of a lock.
   *
   * @throws StoreException if it is damaged, or of a later version
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

  static ByteString encodeQueue(List<ReplicaId> replicas) {
    StringBuilder text = new StringBuilder();
    replicas.forEach(replica -> text.append(replica.value()));
    return ByteString.copyFromUtf8(text.toString());
  }

  /**
   * Decodes the replica queue of a lock.
   *
   * @throws IllegalArgumentException if it is damaged
   */
  static List<ReplicaId> decodeQueue(ByteString value) {
    String text = value.toString(StandardCharsets.US_ASCII);
    List<ReplicaId> replicas = new ArrayList<>();
    for (int i = 0; i + ReplicaId.LENGTH <= text.length(); i += ReplicaId.LENGTH) {
      replicas.add(new ReplicaId(text.substring(i, i + ReplicaId.LENGTH)));
    }
    return replicas;
  }

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

  /** Writes the reason last. Earlier versions neither write nor read it. */
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
