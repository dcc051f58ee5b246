package dev.fencepost.backend.zookeeper;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockTxn;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;

/** An ensemble of one or more servers that tests can change directly, without a backend. */
abstract class ZookeeperStoreUnderTest implements StoreUnderTest {
  private static final ZookeeperSchema SCHEMA = new ZookeeperSchema("/contract");

  private final String servers;

  ZookeeperStoreUnderTest(String servers) {
    this.servers = servers;
  }

  /** Returns all servers. */
  abstract List<ZookeeperServer> all();

  private String uri() {
    return "zookeeper://" + servers + SCHEMA.root();
  }

  @Override
  public LockBackend newBackend() {
    return new ZookeeperBackendProvider()
        .create(new StoreSettings(uri(), StoreSettings.DEFAULT_CALL_TIMEOUT, TestReplica.OPTIONS));
  }

  @Override
  public boolean wakesByNotification() {
    return true;
  }

  /** Tokens come from transaction ids, not from a replica's memory. */
  @Override
  public boolean honoursTokenFloor() {
    return false;
  }

  @Override
  public void wipe() {
    try (ZookeeperTestClient client = new ZookeeperTestClient(servers)) {
      for (int i = 0; i < NodeName.BUCKETS; i++) {
        for (String bucket : List.of(SCHEMA.lockBucket(i), SCHEMA.markBucket(i))) {
          client.children(bucket).forEach(child -> client.deleteAll(bucket + "/" + child));
        }
      }
      client.children(SCHEMA.base()).forEach(child -> client.deleteAll(SCHEMA.base(child)));
      byte[] id = UUID.randomUUID().toString().getBytes(US_ASCII);
      client.ask(zk -> zk.setData(SCHEMA.id(), id, -1));
    }
  }

  @Override
  public void purgeIdle() {
    try (TestReplica replica = new TestReplica(uri())) {
      replica.purge(Duration.ZERO, Duration.ofDays(30));
    }
  }

  /** Writes a base that makes greater tokens. */
  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    try (ZookeeperTestClient client = new ZookeeperTestClient(servers)) {
      List<Op> ops = new ArrayList<>();
      client
          .children(SCHEMA.base())
          .forEach(child -> ops.add(Op.delete(SCHEMA.base(child), LockTxn.ANY_VERSION)));
      byte[] anywhere = Long.toString(Long.MAX_VALUE).getBytes(US_ASCII);
      ops.add(
          Op.create(
              SCHEMA.base((last.value() + 1) + "-raised"),
              anywhere,
              ZooDefs.Ids.OPEN_ACL_UNSAFE,
              CreateMode.PERSISTENT));
      client.ask(zk -> zk.multi(ops));
    }
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    try (ZookeeperTestClient client = new ZookeeperTestClient(servers)) {
      byte[] record = client.ask(zk -> zk.getData(SCHEMA.lock(lock), false, null));
      byte[] spoiled = spoiled(record, damage);
      client.ask(zk -> zk.setData(SCHEMA.lock(lock), spoiled, -1));
    }
  }

  @Override
  public void misname(LockName lock, byte[] name) {
    StringBuilder node = new StringBuilder();
    for (byte each : name) {
      boolean isPlain = each > 0 && (Character.isLetterOrDigit(each) || each == '-');
      node.append(
          isPlain ? String.valueOf((char) each) : String.format(Locale.ROOT, "%%%02X", each));
    }
    CRC32 crc = new CRC32();
    crc.update(name);
    String bucket = SCHEMA.lockBucket((int) (crc.getValue() % NodeName.BUCKETS));
    try (ZookeeperTestClient client = new ZookeeperTestClient(servers)) {
      byte[] record = client.ask(zk -> zk.getData(SCHEMA.lock(lock), false, null));
      client.deleteAll(SCHEMA.lock(lock));
      client.create(bucket + "/" + node, record);
    }
  }

  /** Returns a record's bytes with that damage. */
  static byte[] spoiled(byte[] record, Damage damage) {
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
    return spoiled;
  }

  @Override
  public Stall stall(LockName lock) {
    all().forEach(ZookeeperServer::pause);
    AtomicBoolean ended = new AtomicBoolean();
    return () -> {
      if (ended.compareAndSet(false, true)) {
        all().forEach(ZookeeperServer::resume);
      }
    };
  }
}
