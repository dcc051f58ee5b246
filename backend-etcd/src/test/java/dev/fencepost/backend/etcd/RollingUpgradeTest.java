package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.PutRequest;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Compatibility with an earlier version: its records, written here in its form, and present
 * records, read here as it read them. In that version a remembered token had no reason, and a queue
 * was bound to the lease of the replica that wrote it.
 */
final class RollingUpgradeTest {
  private static final byte FORMAT = 1;

  /** Leases of records that hold a lock had ids from here on; all others had lower ids. */
  private static final long BINDING = 1L << 62;

  private static final long MEMORY = 7;
  private static final String FORMER = "00000000000000f0";
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private EtcdTestClient client;
  private EtcdTestReplica now;

  @BeforeEach
  void open(TestInfo test) {
    String uri = ETCD.uri(test.getTestMethod().orElseThrow().getName());
    client = new EtcdTestClient(uri);
    now = new EtcdTestReplica(uri);
  }

  @AfterEach
  void close() {
    now.close();
    client.close();
  }

  @Test
  void grantOfTheFormer_isRenewedAndReleased() throws IOException {
    now.acquire("any"); // Makes the base.
    Claim claim = claim("theirs");
    long offset = offsetOfTokens();
    put(client.schema.lock(claim.lock()), formerGrant(claim, offset), lease(BINDING, 62));
    FencingToken token = new FencingToken(offset + record("theirs").getModRevision());
    GrantRef theirs = new GrantRef(claim.lock(), claim.id(), token);

    assertThat(answer(now.backend().renew(theirs))).isInstanceOf(Renewal.Renewed.class);
    assertThat(now.acquire(claim).ref()).isEqualTo(theirs);
    assertThat(now.attempt(claim("theirs"), QueueIntent.NONE)).isInstanceOf(Attempt.Busy.class);
    assertThat(answer(now.backend().release(ReleaseCommand.of(theirs))))
        .isEqualTo(new Release.Released());
    assertThat(now.acquire("theirs").token()).isGreaterThan(token);
  }

  @Test
  void grantOfNow_isReadByTheFormer() throws IOException {
    Grant grant = now.acquire("ours");
    KeyValue record = record("ours");
    DataInputStream in = former(record, 'G');
    assertThat(in.readLong() + record.getModRevision()).isEqualTo(grant.token().value());
    assertThat(in.readUTF()).isEqualTo(grant.ref().claim().value());
    assertThat(Duration.ofMillis(in.readLong())).isEqualTo(grant.lease().ttl());
    assertThat(Duration.ofMillis(in.readLong())).isEqualTo(grant.lease().lockDelay());
    assertThat(in.readLong()).as("acquired at").isPositive();
    assertThat(in.readUTF()).isEqualTo("EXCLUSIVE");
    assertThat(in.readUTF()).isEqualTo("test");
    assertThat(in.readUTF()).as("principal").isEmpty();
    assertThat(in.readUnsignedByte()).as("metadata").isZero();
  }

  @Test
  void noteOfALastGrant_isReadByEither() throws IOException {
    Grant forced = now.acquire("forced");
    answer(
        now.backend()
            .forceRelease(
                new ForceReleaseCommand(
                    forced.ref().lock(), "why", Optional.empty(), Optional.of(Duration.ZERO))));
    // The earlier version reads no further than this.
    assertThat(former(record("forced"), 'F').readLong()).isEqualTo(forced.token().value());

    Grant released = now.acquire("released");
    now.release(released);
    ByteString note =
        ByteString.copyFrom(
            ByteBuffer.allocate(2 + Long.BYTES)
                .put(FORMAT)
                .put((byte) 'F')
                .putLong(released.token().value())
                .flip());
    put(client.schema.lock(released.ref().lock()), note, lease(MEMORY, 60));
    assertThat(now.describe(released.ref().lock()).status()).isEqualTo(new LockStatus.Free());
    assertThat(now.describe(released.ref().lock()).lastToken()).contains(released.token());
    assertThat(answer(now.backend().release(ReleaseCommand.of(released.ref()))))
        .isInstanceOf(Release.NotHeld.class);
    assertThat(now.acquire("released").token()).isGreaterThan(released.token());
  }

  @Test
  void lineOfTheFormer_isServedAndWhoeverWaitsInItComesBackWhenItsLeaseEnds() throws IOException {
    LockName lock = new LockName("line");
    Grant held = now.acquire("line");
    long itsLease = lease(MEMORY + 1, 60);
    put(
        client.schema.replicas().concat(ByteString.copyFromUtf8(FORMER)),
        ByteString.copyFromUtf8("SERVING former:1"),
        itsLease);
    Claim waiting = claim("line");
    put(client.schema.queue(lock), ByteString.copyFromUtf8(FORMER + now.id().value()), itsLease);
    assertThat(now.attempt(waiting, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);
    assertThat(now.describe(lock).replicaQueue().get(0).value()).isEqualTo(FORMER);

    now.release(held);
    DataInputStream turn = former(record("line"), 'C');
    turn.readLong();
    turn.readBoolean();
    assertThat(Duration.ofMillis(turn.readLong())).isPositive();
    assertThat(turn.readUTF()).as("whose turn it is").isEqualTo(FORMER);
    assertThat(client.queue("line").orElseThrow().getValue().toString(US_ASCII))
        .isEqualTo(now.id().value());

    // An earlier version that stops ends the queues that it wrote.
    client.revoke(itsLease);
    Attempt next =
        await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> now.attempt(waiting, QueueIntent.JOIN), Attempt.Granted.class::isInstance);
    assertThat(granted(next).token()).isGreaterThan(held.token());
  }

  private KeyValue record(String lock) {
    return client.record(lock).orElseThrow();
  }

  /** Reads a record up to its kind. */
  private static DataInputStream former(KeyValue record, char kind) throws IOException {
    DataInputStream in = new DataInputStream(record.getValue().newInput());
    assertThat(in.readByte()).isEqualTo(FORMAT);
    assertThat((char) in.readByte()).isEqualTo(kind);
    return in;
  }

  private static ByteString formerGrant(Claim claim, long offset) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(FORMAT);
    out.writeByte('G');
    out.writeLong(offset);
    out.writeUTF(claim.id().value());
    out.writeLong(claim.lease().ttl().toMillis());
    out.writeLong(claim.lease().lockDelay().toMillis());
    out.writeLong(1_700_000_000_000_000L);
    out.writeUTF("EXCLUSIVE");
    out.writeUTF(claim.claimant().owner());
    out.writeUTF("");
    out.writeByte(0);
    return ByteString.copyFrom(bytes.toByteArray());
  }

  /** Returns the number to add to a revision to get its token. */
  private long offsetOfTokens() {
    KeyValue base = client.all(client.schema.tokenBase()).get(0);
    return base.getValue().asReadOnlyByteBuffer().getLong() - base.getModRevision();
  }

  private long lease(long id, long seconds) {
    return client
        .call(
            LeaseGrpc.getLeaseGrantMethod(),
            LeaseGrantRequest.newBuilder().setID(id).setTTL(seconds).build())
        .getID();
  }

  private void put(ByteString key, ByteString value, long lease) {
    client.call(
        KVGrpc.getPutMethod(),
        PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease).build());
  }
}
