package dev.fencepost.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryCheckerTest {

  @Test
  void holdersInTurn_areSound() {
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .renewed("a", 5, 6, 5)
            .released("a", 12, 13, 5)
            .granted("b", 12, 14, 6)
            .notGranted("c", 12, 15));
  }

  @Test
  void retryWithTheSameToken_isSound() {
    assertSound(
        new ScriptedHistory().granted("a", 0, 1, 5).granted("a", 3, 4, 5).granted("a", 0, 4, 5));
  }

  @Test
  void grantAfterTheUsablePartOfALease_isSound() {
    assertSound(new ScriptedHistory().granted("a", 0, 1, 5).granted("b", 2, 9, 6));
    assertSound(
        new ScriptedHistory().granted("a", 0, 1, 5).renewed("a", 4, 5, 5).granted("b", 2, 13, 6));
  }

  @Test
  void overlappingGrants_mayComeInAnyOrder() {
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 20, 6)
            .granted("b", 0, 21, 5)
            .released("b", 0, 22, 5));
  }

  @Test
  void oneTokenForTwoClaims_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).granted("b", 3, 30, 5),
        "one token, two claims");
  }

  @Test
  void lowerTokenLater_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).granted("b", 4, 5, 4),
        "the later token is lower");
  }

  @Test
  void formerGrantRenewedAfterTheNext_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).granted("b", 20, 21, 6).renewed("a", 40, 41, 5),
        "the later token is lower");
    assertFault(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .granted("b", 20, 21, 6)
            .released("a", 40, 41, 5),
        "the later token is lower");
  }

  @Test
  void renewalAfterTheRelease_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).renewed("a", 4, 5, 5),
        "stands after its release");
  }

  @Test
  void grantWithinAnothersLease_isAFault() {
    assertFault(new ScriptedHistory().granted("a", 0, 1, 5).granted("b", 2, 8, 6), "two holders");
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).renewed("a", 6, 7, 5).granted("b", 5, 13, 6),
        "two holders");
  }

  @Test
  void grantWithinALeaseThatBeganLongBefore_isAFault() {
    assertFault(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .renewed("a", 8, 9, 5)
            .renewed("a", 16, 17, 5)
            .granted("b", 2, 3, 6)
            .released("b", 4, 5, 6)
            .granted("c", 2, 20, 7),
        "two holders");
  }

  @Test
  void releaseSentOrLossAnswered_endsTheHolding() {
    assertSound(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 9, 5).granted("b", 1, 3, 6));
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .releaseUnanswered("a", 2, 5)
            .granted("b", 1, 3, 6));
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .releaseUnanswered("a", 2, 0)
            .granted("b", 1, 3, 6));
    assertSound(
        new ScriptedHistory().granted("a", 0, 1, 5).lost("a", 1, 2, 5).granted("b", 1, 3, 6));
  }

  @Test
  void locks_areJudgedApart() {
    RecordedCall one = new ScriptedHistory().granted("a", 0, 1, 5).history().calls().get(0);
    RecordedCall other =
        new RecordedCall(
            one.operation(),
            "another",
            "b",
            one.sentNanos(),
            one.answeredNanos(),
            one.result(),
            one.token(),
            one.ttlNanos(),
            one.countedFromNanos());
    CallHistory both = new CallHistory(List.of(one)).with(new CallHistory(List.of(other)));
    assertThat(HistoryChecker.check(both, 2).faults()).isEmpty();
  }

  @Test
  void shortHistory_isVoid() {
    CallHistory history =
        new ScriptedHistory().granted("a", 0, 1, 5).notGranted("b", 0, 1).history();
    assertThat(HistoryChecker.check(history, 2).faults())
        .singleElement()
        .asString()
        .contains("void");
    assertThatThrownBy(() -> HistoryChecker.check(history, 2).assertSound())
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("void");
    assertThatCode(() -> HistoryChecker.check(history, 1).assertSound()).doesNotThrowAnyException();
  }

  private static void assertSound(ScriptedHistory script) {
    assertThat(HistoryChecker.check(script.history(), 1).faults()).isEmpty();
  }

  private static void assertFault(ScriptedHistory script, String fault) {
    assertThat(HistoryChecker.check(script.history(), 1).faults())
        .anySatisfy(found -> assertThat(found).startsWith(fault));
  }
}
