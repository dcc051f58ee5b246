package dev.fencepost.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SequentialCheckerTest {

  @Test
  void holdersInTurn_areSound() {
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .renewed("a", 5, 6, 5)
            .released("a", 12, 13, 5)
            .granted("b", 12, 14, 6)
            .notGranted("c", 12, 15)
            .lost("a", 15, 16, 5)
            .notHeld("a", 16, 17, 5)
            .notHeld("a", 16, 17, 0)
            .released("b", 18, 19, 0));
  }

  @Test
  void answersOutOfOrder_areSound() {
    assertSound(
        new ScriptedHistory()
            .granted("b", 0, 9, 6)
            .released("a", 1, 8, 5)
            .granted("a", 0, 7, 5)
            .granted("b", 2, 20, 6));
  }

  @Test
  void expiredGrant_givesWay() {
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .renewed("a", 4, 5, 5)
            .granted("b", 2, 14, 6)
            .lost("a", 15, 16, 5));
  }

  @Test
  void unansweredAcquire_mayOrMayNotHaveHappened() {
    assertSound(new ScriptedHistory().acquireUnanswered("a", 0).granted("b", 1, 2, 6));
    assertSound(new ScriptedHistory().acquireUnanswered("a", 0).granted("a", 1, 2, 6));
    assertSound(new ScriptedHistory().acquireUnanswered("a", 0).granted("b", 1, 11, 6));
    assertSound(
        new ScriptedHistory()
            .granted("b", 1, 2, 5)
            .released("b", 3, 4, 5)
            .acquireUnanswered("a", 0)
            .released("a", 20, 21, 0));
  }

  @Test
  void unansweredRelease_mayOrMayNotHaveHappened() {
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .releaseUnanswered("a", 2, 5)
            .granted("b", 3, 4, 6));
    assertSound(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .releaseUnanswered("a", 2, 5)
            .renewed("a", 3, 4, 5));
  }

  @Test
  void grantWithinAnothersLease_isAFault() {
    assertFault(new ScriptedHistory().granted("a", 0, 1, 5).granted("b", 2, 8, 6));
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).renewed("a", 6, 7, 5).granted("b", 2, 15, 6));
  }

  @Test
  void grantWithinALeaseThatWasProvedLater_isAFault() {
    assertFault(
        new ScriptedHistory()
            .acquireUnanswered("a", 0)
            .granted("b", 1, 2, 6)
            .granted("a", 3, 4, 7));
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).granted("b", 2, 3, 6).renewed("a", 4, 5, 5));
  }

  @Test
  void tokenThatDoesNotRise_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).granted("b", 4, 5, 5));
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).granted("b", 4, 5, 4));
  }

  @Test
  void anotherTokenForAStandingGrant_isAFault() {
    assertFault(new ScriptedHistory().granted("a", 0, 1, 5).granted("a", 2, 3, 6));
  }

  @Test
  void renewalAfterTheRelease_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).released("a", 2, 3, 5).renewed("a", 4, 5, 5));
  }

  @Test
  void renewalAfterTheNextGrant_isAFault() {
    assertFault(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .granted("b", 20, 21, 6)
            .renewed("a", 40, 41, 5));
  }

  @Test
  void lossOfAStandingGrant_isAFault() {
    assertFault(
        new ScriptedHistory().granted("a", 0, 1, 5).lost("a", 2, 3, 5).renewed("a", 4, 5, 5));
    assertFault(new ScriptedHistory().granted("a", 0, 1, 5).notHeld("a", 2, 3, 5));
    assertFault(new ScriptedHistory().granted("a", 0, 1, 5).notHeld("a", 2, 3, 0));
  }

  @Test
  void releaseOfAnothersGrant_isAFault() {
    assertFault(
        new ScriptedHistory()
            .granted("a", 0, 1, 5)
            .granted("b", 20, 21, 6)
            .released("a", 22, 23, 5));
  }

  @Test
  void searchOutOfBound_isAFault() {
    ScriptedHistory many = new ScriptedHistory();
    for (int i = 0; i < 12; i++) {
      many.acquireUnanswered("unknown" + i, 0);
    }
    many.granted("a", 50, 51, 5).granted("b", 52, 53, 6);
    assertThat(SequentialChecker.check(many.history(), 1, 5).faults())
        .singleElement()
        .asString()
        .startsWith("undecided after 5 states");
  }

  @Test
  void shortHistory_isVoid() {
    CallHistory history = new ScriptedHistory().granted("a", 0, 1, 5).history();
    assertThat(SequentialChecker.check(history, 2).faults())
        .singleElement()
        .asString()
        .startsWith("void");
  }

  private static void assertSound(ScriptedHistory script) {
    assertThat(SequentialChecker.check(script.history(), 0).faults()).isEmpty();
  }

  private static void assertFault(ScriptedHistory script) {
    assertThat(SequentialChecker.check(script.history(), 0).faults())
        .singleElement()
        .asString()
        .startsWith("no order explains");
  }
}
