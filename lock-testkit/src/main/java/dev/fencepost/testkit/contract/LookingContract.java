package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reads of locks and of the store itself: rules 21, 22 and 24. */
abstract class LookingContract extends ContractPart {

  private static final String EMOJI = "👩‍🚒🧯";

  LookingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void describe_answersEachNameInTheOrderAsked() {
    LockName held = a().acquire(newLock()).ref().lock();
    LockName unused = newLock();
    LockName another = a().acquire(newLock()).ref().lock();
    List<LockName> asked = List.of(another, unused, held, another, unused);
    assertThat(b().describe(asked)).extracting(LockState::lock).isEqualTo(asked);
    assertThat(b().describe(asked))
        .extracting(state -> state.holder().isPresent())
        .containsExactly(true, false, true, true, false);
    assertThat(b().describe(List.of())).isEmpty();
  }

  @Test
  void describe_takesAsManyNamesAsPromised() {
    List<LockName> many = new ArrayList<>();
    for (int i = 0; i < LockBackend.MAX_DESCRIBED - 1; i++) {
      many.add(newLock());
    }
    many.add(a().acquire(newLock()).ref().lock());
    List<LockState> states = b().describe(many);
    assertThat(states).extracting(LockState::lock).isEqualTo(many);
    assertThat(states).filteredOn(state -> state.holder().isPresent()).hasSize(1);
  }

  @Test
  void unusedLock_isFreeAndKnowsNothing() {
    LockState state = a().describe(newLock());
    assertThat(isFree(state)).isTrue();
    assertThat(state.lastToken()).isEmpty();
    assertThat(state.replicaQueue()).isEmpty();
  }

  @Test
  void holder_isShownAsItClaimed() {
    Map<String, String> metadata =
        Map.of("ключ", "значение", EMOJI, "\"quoted\" and 'single'", "a=b;c", "\\n{}[],:\u0001");
    Claimant claimant =
        new Claimant("host 7/ü'\"\\ " + EMOJI, "cn=Zoë,o=x'y", LockMode.EXCLUSIVE, metadata);
    Grant grant = a().acquire(TestClaims.on(newLock(), Lease.of(TestClaims.LONG), claimant));
    for (ContractReplica party : List.of(a(), b())) {
      Holder holder = holder(party.describe(grant.ref().lock()));
      assertThat(holder.claimant()).isEqualTo(claimant);
      assertThat(holder.claimTag()).isEqualTo(grant.ref().claim().tag());
      assertThat(holder.token()).isEqualTo(grant.token());
      assertThat(holder.remainingAtMost())
          .isPositive()
          .isLessThanOrEqualTo(TestClaims.LONG.plus(party.opened().leases().ttlStep()));
    }
    assertThat(holder(b().busy(grant.ref().lock(), QueueIntent.NONE)).claimant())
        .isEqualTo(claimant);
  }

  @Test
  void controlCharacters_areKept() {
    String odd = "\u0000 \r\n\t % %00 \u001b[31m \u007f";
    Claimant claimant = new Claimant(odd, odd, LockMode.EXCLUSIVE, Map.of(odd, odd, "", ""));
    Grant grant = a().acquire(TestClaims.on(newLock(), Lease.of(TestClaims.LONG), claimant));
    assertThat(holder(b().describe(grant.ref().lock())).claimant()).isEqualTo(claimant);
    assertThat(holder(b().busy(grant.ref().lock(), QueueIntent.NONE)).claimant())
        .isEqualTo(claimant);
  }

  @Test
  void largestClaimant_isKept() {
    Map<String, String> metadata = new HashMap<>();
    for (int i = 0; i < Claimant.MAX_METADATA_ENTRIES; i++) {
      String key = String.format(Locale.ROOT, "key-%02d", i);
      int bytes = Claimant.MAX_METADATA_BYTES / Claimant.MAX_METADATA_ENTRIES - key.length();
      metadata.put(key, "🔒".repeat(bytes / 4) + "x".repeat(bytes % 4));
    }
    Claimant claimant =
        new Claimant("🦀".repeat(Claimant.MAX_OWNER_BYTES / 4), "p", LockMode.EXCLUSIVE, metadata);
    Grant grant = a().acquire(TestClaims.on(newLock(), Lease.of(TestClaims.LONG), claimant));
    assertThat(holder(b().describe(grant.ref().lock())).claimant()).isEqualTo(claimant);
  }

  @Test
  void acquisitionTime_isKeptByARenewal() {
    Grant grant = a().acquire(newLock());
    Holder before = holder(b().describe(grant.ref().lock()));
    a().renewed(grant);
    assertThat(holder(b().describe(grant.ref().lock())).acquiredAt())
        .isEqualTo(before.acquiredAt());
  }

  @Test
  void claimIds_areNeverShown() {
    LockName lock = newLock();
    Claim claim = TestClaims.on(lock);
    a().acquire(claim);
    LockState busy = b().busy(lock, QueueIntent.JOIN);
    List<Object> shown =
        List.of(busy, a().describe(lock), a().listAll(lock.value(), 10), a().info());
    assertThat(shown.toString()).doesNotContain(claim.id().value());
  }

  @Test
  void openReplicas_areListedUntilTheyClose() {
    ContractReplica gone;
    try (ContractReplica another = scene().newParty()) {
      gone = another;
      assertThat(another.opened().replicas()).contains(another.replica());
      awaitSoon(() -> a().info().replicas().contains(another.replica()));
      assertThat(a().info().replicas())
          .contains(a().replica(), b().replica(), c().replica(), another.replica());
    }
    awaitSoon(
        () -> a().info().replicas().stream().noneMatch(other -> other.id().equals(gone.id())));
    assertThat(a().info().replicas()).contains(a().replica(), b().replica(), c().replica());
  }

  @Test
  void announcement_replacesTheEntry() {
    try (ContractReplica another = scene().newParty()) {
      Replica draining = new Replica(another.id(), "elsewhere.example:1", Replica.Phase.DRAINING);
      another.announce(draining);
      awaitSoon(() -> a().info().replicas().contains(draining));
      assertThat(a().info().replicas()).doesNotContain(another.replica());
    }
  }

  @Test
  void grants_outliveTheReplicaThatMadeThem() {
    Grant grant;
    try (ContractReplica another = scene().newParty()) {
      grant = another.acquire(newLock());
    }
    assertStands(grant);
    assertReleased(b().release(grant));
  }

  @Test
  void storeInfo_isTheSameOnEveryReplica() {
    StoreInfo info = a().info();
    assertThat(info.id()).isNotBlank().isEqualTo(b().info().id()).isEqualTo(a().opened().id());
    assertThat(info.kind()).isNotBlank().isEqualTo(b().opened().kind());
    assertThat(info.leases()).isEqualTo(b().opened().leases());
    assertThat(info.leases().ttlStep()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(1));
  }
}
