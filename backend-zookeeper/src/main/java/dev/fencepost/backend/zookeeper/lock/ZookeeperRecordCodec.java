package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Encodes a {@link LockNode} as bytes. The first byte is the version of the format. */
final class ZookeeperRecordCodec {
  private static final int FORMAT = 1;
  private static final int MAX_TEXT_BYTES = 1 << 20;

  private ZookeeperRecordCodec() {}

  static byte[] write(LockNode node) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(192);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      writeText(out, node.kind().name());
      writeText(out, node.state());
      writeText(out, node.keeper().value());
      out.writeLong(node.token().value());
      out.writeLong(node.token().position());
      out.writeBoolean(node.token().isHere());
      out.writeBoolean(node.claim().isPresent());
      if (node.claim().isPresent()) {
        write(out, node.claim().orElseThrow());
      }
      out.writeLong(node.closedFor().toNanos());
      writeText(out, node.turn().map(ReplicaId::value).orElse(""));
      writeText(out, node.revoked());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Decodes a lock's record.
   *
   * @throws StoreException if it is damaged or has a later format
   */
  static LockNode read(LockName lock, byte[] data) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(data))) {
      int format = in.readUnsignedByte();
      if (format != FORMAT) {
        throw StoreException.unreadable(lock, "it has format " + format + ", not " + FORMAT);
      }
      StateKind kind = StateKind.valueOf(readText(in));
      String state = readText(in);
      ReplicaId keeper = new ReplicaId(readText(in));
      RecordedToken token = new RecordedToken(in.readLong(), in.readLong(), in.readBoolean());
      Optional<RecordedClaim> claim =
          in.readBoolean() ? Optional.of(readClaim(in)) : Optional.empty();
      Duration closedFor = Duration.ofNanos(in.readLong());
      String turn = readText(in);
      LockNode node =
          new LockNode(
              kind,
              state,
              keeper,
              token,
              claim,
              closedFor,
              turn.isEmpty() ? Optional.empty() : Optional.of(new ReplicaId(turn)),
              readText(in));
      if (!node.isComplete()) {
        throw StoreException.unreadable(lock, kind + " without its claim or its turn");
      }
      return node;
    } catch (StoreException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw StoreException.unreadable(lock, "it is damaged, or has a mode of a later version");
    }
  }

  private static void write(DataOutputStream out, RecordedClaim claim) throws IOException {
    writeText(out, claim.id().value());
    writeText(out, claim.claimant().owner());
    writeText(out, claim.claimant().principal());
    writeText(out, claim.claimant().mode().name());
    out.writeByte(claim.claimant().metadata().size());
    for (Map.Entry<String, String> entry : claim.claimant().metadata().entrySet()) {
      writeText(out, entry.getKey());
      writeText(out, entry.getValue());
    }
    out.writeLong(claim.lease().ttl().toMillis());
    out.writeLong(claim.lease().lockDelay().toMillis());
    out.writeLong(claim.acquiredAtMillis());
  }

  private static RecordedClaim readClaim(DataInputStream in) throws IOException {
    ClaimId claim = new ClaimId(readText(in));
    String owner = readText(in);
    String principal = readText(in);
    LockMode mode = LockMode.valueOf(readText(in));
    Map<String, String> metadata = new HashMap<>();
    for (int left = in.readUnsignedByte(); left > 0; left--) {
      metadata.put(readText(in), readText(in));
    }
    Lease lease = new Lease(Duration.ofMillis(in.readLong()), Duration.ofMillis(in.readLong()));
    return new RecordedClaim(
        claim, new Claimant(owner, principal, mode, metadata), lease, in.readLong());
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String readText(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > MAX_TEXT_BYTES) {
      throw new IOException("a text of " + length + " bytes");
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }
}
