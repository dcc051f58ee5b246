package dev.fencepost.backend.etcd;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.contract.StoreUnderTest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;

/** One or several etcd servers that tests change without the backends' knowledge. */
abstract class EtcdStoreUnderTest implements StoreUnderTest {
  private final EtcdBackendProvider provider = new EtcdBackendProvider();
  private final String uri;
  private final EtcdTestClient client;

  EtcdStoreUnderTest(String uri) {
    this.uri = uri;
    this.client = new EtcdTestClient(uri);
  }

  /** SIGSTOP to all processes. */
  abstract void pause();

  /** SIGCONT to all processes. */
  abstract void resume();

  @Override
  public LockBackend newBackend() {
    return provider.create(StoreSettings.of(uri));
  }

  @Override
  public boolean wakesByNotification() {
    return true;
  }

  @Override
  public boolean honoursTokenFloor() {
    return false;
  }

  @Override
  public void wipe() {
    client.deleteAll();
    client.put(client.schema.storeId(), ByteString.copyFromUtf8(UUID.randomUUID().toString()));
  }

  @Override
  public void purgeIdle() {
    for (KeyValue pair : client.all(client.schema.locksFrom(""))) {
      if (pair.getValue().byteAt(0) == EtcdRecordCodec.VERSION
          && pair.getValue().byteAt(1) == EtcdRecordCodec.FREE) {
        client.delete(pair.getKey());
      }
    }
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    KeyValue pair =
        client.call(KVGrpc.getRangeMethod(), TxnOps.range(client.schema.lock(lock))).getKvs(0);
    byte[] record = pair.getValue().toByteArray();
    byte[] spoiled =
        switch (damage) {
          case GARBAGE -> Arrays.copyOf(record, record.length / 2);
          case LATER_FORMAT -> record.clone();
          case UNKNOWN_MODE ->
              new String(record, ISO_8859_1).replace("EXCLUSIVE", "EXTENSIVE").getBytes(ISO_8859_1);
        };
    if (damage == Damage.LATER_FORMAT) {
      spoiled[0]++;
    }
    client.call(
        KVGrpc.getPutMethod(),
        PutRequest.newBuilder()
            .setKey(pair.getKey())
            .setValue(ByteString.copyFrom(spoiled))
            .setLease(pair.getLease())
            .build());
  }

  @Override
  public void misname(LockName lock, byte[] name) {
    KeyValue pair =
        client.call(KVGrpc.getRangeMethod(), TxnOps.range(client.schema.lock(lock))).getKvs(0);
    client.call(
        KVGrpc.getPutMethod(),
        PutRequest.newBuilder()
            .setKey(client.schema.locksFrom("").concat(ByteString.copyFrom(name)))
            .setValue(pair.getValue())
            .setLease(pair.getLease())
            .build());
    client.delete(pair.getKey());
  }

  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    ByteBuffer base = ByteBuffer.allocate(2 * Long.BYTES).putLong(last.value()).putLong(7).flip();
    client.put(client.schema.tokenBase(), ByteString.copyFrom(base));
  }

  @Override
  public Stall stall(LockName lock) {
    pause();
    return this::resume;
  }

  /**
   * Leases are whole seconds, up to two seconds longer than requested, and end up to one second
   * late.
   */
  @Override
  public Duration expirySlack() {
    return Duration.ofSeconds(3);
  }

  @Override
  public void close() {
    client.close();
  }
}
