package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Marks of protected resources: rule 16. */
abstract class MarksContract extends ContractPart {

  MarksContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void mark_risesWithTokensAndRefusesLowerOnes() {
    ResourceName resource = scene().newResource();
    assertThat(a().advance(resource, 100)).isEqualTo(new FenceAdvance.Advanced(token(100)));
    assertThat(b().advance(resource, 100)).isEqualTo(new FenceAdvance.Unchanged(token(100)));
    assertThat(b().advance(resource, 99)).isEqualTo(new FenceAdvance.Stale(token(100)));
    assertThat(a().advance(resource, 100)).isEqualTo(new FenceAdvance.Unchanged(token(100)));
    assertThat(c().advance(resource, 101)).isEqualTo(new FenceAdvance.Advanced(token(101)));
    assertThat(a().advance(resource, 1)).isEqualTo(new FenceAdvance.Stale(token(101)));
  }

  @Test
  void marks_areIndependent() {
    ResourceName one = scene().newResource();
    ResourceName other = new ResourceName(one.value() + "'");
    a().advance(one, 1000);
    assertThat(a().advance(other, 1)).isEqualTo(new FenceAdvance.Advanced(token(1)));
    assertThat(a().advance(one, 1)).isEqualTo(new FenceAdvance.Stale(token(1000)));
  }

  @Test
  void grantedToken_passesAtOnce() {
    ResourceName resource = scene().newResource();
    FencingToken granted = a().acquire(newLock()).token();
    assertThat(b().advance(resource, granted.value()))
        .isEqualTo(new FenceAdvance.Advanced(granted));
  }

  @Test
  void tokenMoreThanADayAhead_isRefusedAndLeavesTheMark() {
    ResourceName resource = scene().newResource();
    long present = a().describe(newLock()).presentToken();
    a().advance(resource, present);
    long tooFar = present + Duration.ofDays(2).toNanos();
    for (long token : new long[] {tooFar, Long.MAX_VALUE}) {
      assertThat(a().advance(resource, token))
          .isInstanceOfSatisfying(
              FenceAdvance.TooFarAhead.class,
              refused ->
                  assertThat(refused.highest()).isGreaterThanOrEqualTo(present).isLessThan(tooFar));
    }
    assertThat(a().advance(resource, present))
        .isEqualTo(new FenceAdvance.Unchanged(token(present)));
    long hoursAhead = present + Duration.ofHours(20).toNanos();
    assertThat(a().advance(resource, hoursAhead))
        .isEqualTo(new FenceAdvance.Advanced(token(hoursAhead)));
  }

  @Test
  void reset_forgetsTheMarkAndTellsIt() {
    ResourceName resource = scene().newResource();
    assertThat(a().resetMark(resource)).isEmpty();
    a().advance(resource, 500);
    assertThat(b().resetMark(resource)).contains(token(500));
    assertThat(b().resetMark(resource)).isEmpty();
    assertThat(a().advance(resource, 3)).isEqualTo(new FenceAdvance.Advanced(token(3)));
  }

  @Test
  void concurrentTokens_leaveTheHighest() {
    ResourceName resource = scene().newResource();
    List<Long> tokens = new ArrayList<>();
    for (long token = 1; token <= 90; token++) {
      tokens.add(token);
    }
    Collections.shuffle(tokens, new Random(7));
    List<CompletionStage<FenceAdvance>> answers = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      answers.add(
          scene().party(i % 3).backend().advance(resource, new FencingToken(tokens.get(i))));
    }
    for (int i = 0; i < tokens.size(); i++) {
      long sent = tokens.get(i);
      FenceAdvance answer = ContractReplica.answer(answers.get(i));
      if (answer instanceof FenceAdvance.Stale stale) {
        assertThat(stale.mark().value()).isGreaterThan(sent);
      } else {
        assertThat(answer).isEqualTo(new FenceAdvance.Advanced(token(sent)));
      }
    }
    assertThat(a().advance(resource, 90)).isEqualTo(new FenceAdvance.Unchanged(token(90)));
  }

  @Test
  void sameTokenManyTimesAtOnce_advancesOnce() {
    for (int round = 0; round < 10; round++) {
      ResourceName resource = scene().newResource();
      List<CompletionStage<FenceAdvance>> answers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        answers.add(scene().party(i % 3).backend().advance(resource, token(42)));
      }
      List<FenceAdvance> all = answers.stream().map(ContractReplica::answer).toList();
      assertThat(all).containsOnlyOnce(new FenceAdvance.Advanced(token(42)));
      assertThat(Collections.frequency(all, new FenceAdvance.Unchanged(token(42)))).isEqualTo(11);
    }
  }

  private static FencingToken token(long value) {
    return new FencingToken(value);
  }
}
