package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An etcd whose space quota is used up. */
final class SpaceQuotaTest {
  private static final int QUOTA = 4 << 20;
  private static final int CHUNK = 1 << 20;

  private static final EtcdServer ETCD = new EtcdServer("--quota-backend-bytes=" + QUOTA);

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private final String uri = ETCD.uri("space");

  @Test
  void usedUpQuota_refusesGrantsOnlyAndEndsWithoutARestart() throws InterruptedException {
    try (EtcdTestReplica replica = new EtcdTestReplica(uri);
        EtcdTestReplica waiter = new EtcdTestReplica(uri);
        EtcdTestClient client = new EtcdTestClient(uri)) {
      Grant renewed = replica.acquire("full/renewed");
      Grant released = replica.acquire("full/released");
      Grant waitedFor = replica.acquire("full/waited-for");
      Claim next = claim("full/waited-for");
      answer(waiter.backend().tryAcquire(next, QueueIntent.JOIN));
      long fill = fill(client);

      assertThat(failure(replica.backend().tryAcquire(claim("full/refused"), QueueIntent.NONE)))
          .isEqualTo(Failure.STORE_FULL);
      assertThat(answer(replica.backend().renew(renewed.ref())))
          .isInstanceOf(Renewal.Renewed.class);
      assertThat(replica.release(released)).isEqualTo(new Release.Released());
      assertThat(replica.describe(released.ref().lock()).status())
          .isInstanceOf(LockStatus.Free.class);
      assertThat(replica.release(waitedFor)).isEqualTo(new Release.Released());
      assertThat(waiter.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(next.lock());

      for (long i = 0; i < fill; i++) {
        client.delete(filler(i));
      }
      ETCD.etcdctl("compact", Long.toString(client.revision()));
      ETCD.etcdctl("defrag");
      ETCD.etcdctl("alarm", "disarm");
      await()
          .atMost(Duration.ofSeconds(20))
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> replica.acquire("full/after") != null);
    }
  }

  private static long fill(EtcdTestClient client) {
    ByteString chunk = ByteString.copyFrom(new byte[CHUNK]);
    for (long i = 0; ; i++) {
      try {
        client.put(filler(i), chunk);
      } catch (CompletionException e) {
        assertThat(EtcdException.isKind(e, EtcdException.Kind.FULL)).isTrue();
        return i;
      }
    }
  }

  private static ByteString filler(long i) {
    return ByteString.copyFromUtf8("filler/" + i);
  }
}
