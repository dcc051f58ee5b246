package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.EtcdCluster;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A member that is cut off from the others. First it is paused while the others work. Then they are
 * paused and it runs alone, with outdated data, as a leader that was deposed without knowing it.
 */
final class CutOffMemberTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final EtcdCluster ETCD = EtcdCluster.behindProxies();

  @RegisterExtension
  static final RunningServer<EtcdCluster> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @AfterEach
  void heal() {
    ETCD.heal();
  }

  @Test
  void leaderCutOff_servesNothingStaleAndItsReplicaIsToldTheTruthLater() {
    EtcdServer alone = ETCD.leader();
    List<EtcdServer> others = ETCD.members().stream().filter(member -> member != alone).toList();
    try (EtcdTestReplica away = new EtcdTestReplica(uri(List.of(alone)));
        EtcdTestReplica b = new EtcdTestReplica(uri(others))) {
      Grant former = away.acquire("taken");
      Grant standing = away.acquire("standing");
      Grant awaited = b.acquire("awaited");
      Claim waiting = claim("awaited");
      assertThat(away.attempt(waiting, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);

      alone.pause();
      ETCD.cutOff(alone);
      takeByForce(b, former.ref().lock());
      Grant present = b.acquire("taken");
      Grant newer = b.acquire("newer");
      b.release(awaited);
      Claim next = claim("awaited");
      await()
          .atMost(PATIENCE)
          .until(() -> b.attempt(next, QueueIntent.NONE) instanceof Attempt.Granted);
      others.forEach(EtcdServer::pause);
      alone.resume();

      askEverything(away, former, waiting, newer)
          .forEach(
              (what, asked) ->
                  assertThat(failure(asked))
                      .as(what)
                      .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT));
      assertThat(away.wakes()).as("woken by what is over").isEmpty();

      ETCD.heal();
      assertThat(renewed(away, former)).isInstanceOf(Renewal.Lost.class);
      assertThat(away.attempt(waiting, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);
      for (Grant grant : List.of(present, newer, standing, b.acquire(next))) {
        assertThat(renewed(b, grant)).isInstanceOf(Renewal.Renewed.class);
      }
      assertThat(released(away, former)).isInstanceOf(Release.NotHeld.class);
    }
  }

  /** Sends all calls at once, because the member notices after a second that it leads nobody. */
  private static Map<String, CompletionStage<?>> askEverything(
      EtcdTestReplica away, Grant former, Claim waiting, Grant newer) {
    LockName lock = former.ref().lock();
    LockBackend backend = away.backend();
    return Map.of(
        "renew", backend.renew(former.ref()),
        "the claim's retry", backend.tryAcquire(claimOf(former), QueueIntent.NONE),
        "its turn", backend.tryAcquire(waiting, QueueIntent.JOIN),
        "a lock that was free",
            backend.tryAcquire(claim(newer.ref().lock().value()), QueueIntent.NONE),
        "describe", backend.describe(List.of(lock)),
        "list", backend.list(new ListQuery("", Optional.empty(), 10)),
        "advance", backend.advance(new ResourceName("taken"), former.token()),
        "info", backend.info());
  }

  private static Claim claimOf(Grant grant) {
    Claim like = claim(grant.ref().lock().value());
    return new Claim(like.lock(), grant.ref().claim(), like.lease(), like.claimant());
  }

  private static void takeByForce(EtcdTestReplica replica, LockName lock) {
    ForceReleaseCommand command =
        new ForceReleaseCommand(lock, "cut off", Optional.empty(), Optional.of(Duration.ZERO));
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(StoreException.class)
        .until(() -> answer(replica.backend().forceRelease(command)), done -> true);
  }

  private static Renewal renewed(EtcdTestReplica replica, Grant grant) {
    return await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(StoreException.class)
        .until(() -> answer(replica.backend().renew(grant.ref())), done -> true);
  }

  private static Release released(EtcdTestReplica replica, Grant grant) {
    return answer(replica.backend().release(ReleaseCommand.of(grant.ref())));
  }

  private static String uri(List<EtcdServer> members) {
    return members.stream()
        .map(member -> "127.0.0.1:" + member.port())
        .collect(Collectors.joining(",", "etcd://", "/cut-off"));
  }
}
