package dev.fencepost.testkit.model;

import static dev.fencepost.testkit.model.Fault.inBackend;
import static dev.fencepost.testkit.model.Fault.inRules;

import java.util.List;
import java.util.stream.Stream;

/** The ways to break the contract that are tried. */
final class Faults {

  private Faults() {}

  static List<Fault> all() {
    return Stream.of(holding(), releasing(), counting(), waiting(), naming(), answering())
        .flatMap(List::stream)
        .toList();
  }

  private static List<Fault> holding() {
    return List.of(
        inRules(
            BrokenOwnership.HeldLockIsGranted::new,
            "Ownership.heldLock_isBusyForOthersOnEveryReplica",
            "Ownership.contendedLock_hasOneHolderAtATime",
            "Ownership.manyClaimsAtOnce_oneIsGranted"),
        inRules(
            BrokenOwnership.LeaseNeverEnds::new, "Expiry.expired_isFreeForOthersWithAGreaterToken"),
        inRules(
            BrokenOwnership.RetryGetsAnotherGrant::new,
            "Ownership.sameClaimAgain_getsTheSameGrantOnEveryReplica",
            "Ownership.sameClaimManyTimesAtOnce_isOneGrant"),
        inRules(
            BrokenOwnership.RetryIsBusy::new,
            "Ownership.sameClaimAgain_getsTheSameGrantOnEveryReplica"),
        inRules(BrokenOwnership.RetryDoesNotRenew::new, "Ownership.renewal_countsTheLeaseAnew"),
        inRules(BrokenOwnership.LockDelayIsIgnored::new, "Expiry.lockDelay_keepsOthersOut"),
        inRules(
            BrokenOwnership.LockDelayFollowsARelease::new,
            "Expiry.lockDelay_doesNotFollowARelease"),
        inRules(
            BrokenOwnership.RenewalRevives::new,
            "Expiry.renewalOfExpired_revivesNothing",
            "Expiry.renewalInLockDelay_revivesNothing"),
        inRules(BrokenOwnership.RenewalShortens::new, "Ownership.renewal_countsTheLeaseAnew"),
        inRules(BrokenOwnership.RenewalDoesNothing::new, "Ownership.renewal_countsTheLeaseAnew"),
        inRules(
            BrokenOwnership.RenewalIgnoresToken::new,
            "Ownership.renewalWithWrongToken_isLostAndChangesNothing"),
        inRules(
            BrokenOwnership.RenewalAlwaysSaysRenewed::new,
            "Releasing.renewalOfReleased_isLostAndHoldsNothing",
            "Expiry.renewalAfterTheNextGrant_isSuperseded"),
        inRules(
            BrokenOwnership.RenewalIgnoresOwner::new,
            "Ownership.renewalByStranger_isSupersededAndChangesNothing"));
  }

  private static List<Fault> releasing() {
    return List.of(
        inRules(
            BrokenOwnership.ReleaseIgnoresOwner::new,
            "Releasing.staleRelease_leavesTheNextHolderAlone",
            "Releasing.releaseByStranger_changesNothing",
            "Expiry.releaseAfterTheNextGrant_leavesItAlone"),
        inRules(
            BrokenOwnership.ReleaseIgnoresToken::new,
            "Releasing.staleRelease_leavesTheLaterGrantOfTheSameClaimAlone",
            "Releasing.releaseWithWrongToken_changesNothing"),
        inRules(
            BrokenOwnership.ReleaseAlwaysSaysReleased::new,
            "Releasing.repeatedRelease_saysThatNothingHappened",
            "Expiry.lateRelease_endsTheDelayButSaysThatItExpired"),
        inRules(
            BrokenOwnership.CloseForIsIgnored::new,
            "Releasing.closedAfterRelease_isBusyForEverybody"),
        inRules(
            BrokenOwnership.RevokedHolderGoesOn::new, "Revoking.revoked_isRefusedWithTheReason"),
        inRules(
            BrokenOwnership.RevokedLockIsFreeAtOnce::new,
            "Revoking.revoked_staysClosedForTheRestOfLeaseAndDelay"),
        inRules(
            BrokenOwnership.ForcedReleaseIgnoresExpectation::new,
            "Revoking.otherTokenThanExpected_changesNothing",
            "ClosedByForce.lockClosedByForce_obeysOnlyAnOrderWithATimeAndWithoutAToken",
            "ClosedByForce.lockDelay_obeysOnlyAnOrderWithATimeAndWithoutAToken",
            "ClosedByForce.turn_isNotEndedByAnOrderWithAToken"),
        inRules(
            BrokenOwnership.TakenByForceLooksGivenBack::new,
            "Revoking.zeroTime_freesAtOnceWithoutClosingToken",
            "Revoking.zeroTimeWithALine_givesTheTurnToTheFirst"));
  }

  private static List<Fault> counting() {
    return List.of(
        inRules(
            BrokenTokens.CountedFromAConstant::new,
            "Fencing.wipedStore_stillGivesGreaterTokens",
            "Expiry.tokenAfterPurgeOfExpired_isGreater"),
        inRules(
            BrokenTokens.ResetByARelease::new,
            "Fencing.tokens_riseThroughConcurrentHolders",
            "Releasing.released_isFreeForOthersAtOnce"),
        inRules(
            BrokenTokens.LastTokenIsIgnored::new, "Fencing.token_risesAlthoughTheClockIsBehind"),
        inRules(BrokenTokens.FloorIsIgnored::new, "Fencing.wipedStore_stillGivesGreaterTokens"),
        inRules(
            BrokenTokens.HandOverKeepsTheToken::new,
            "HandingOver.handOver_endsOneGrantAndMakesTheNext"),
        inRules(
            BrokenTokens.ClosingIsNotCounted::new,
            "Revoking.closingToken_isAboveTheFormerAndBelowTheNext"),
        inRules(
            BrokenTokens.MarkCanSink::new,
            "Marks.mark_risesWithTokensAndRefusesLowerOnes",
            "Marks.concurrentTokens_leaveTheHighest"),
        inRules(
            BrokenTokens.MarkDoesNotRise::new, "Marks.mark_risesWithTokensAndRefusesLowerOnes"));
  }

  private static List<Fault> waiting() {
    return List.of(
        inRules(
            BrokenLines.LastComesFirst::new,
            "Waiting.busy_standsInLineIfAskedTo",
            "Waiting.turns_goRoundInOrder"),
        inRules(BrokenLines.NewcomersOvertake::new, "Waiting.release_givesTheTurnToTheFirstInLine"),
        inRules(
            BrokenLines.JoiningIsForgotten::new,
            "Waiting.busy_standsInLineIfAskedTo",
            "Waiting.joinAndReleaseAtOnce_loseNoTurn"),
        inRules(
            BrokenLines.PlaceIsNeverGivenUp::new,
            "Waiting.turnNotTaken_isStruckOut",
            "Differential.randomRun_agreesWithTheReferenceRules"),
        inRules(
            BrokenLines.ReleaseForgetsTheLine::new,
            "Waiting.release_givesTheTurnToTheFirstInLine",
            "Waiting.joinAndReleaseAtOnce_loseNoTurn"),
        inRules(BrokenLines.LeaverKeepsTheTurn::new, "Waiting.leaverWithTheTurn_passesItOn"),
        inRules(BrokenLines.LeaverStays::new, "Waiting.leaver_isOutOfTheLine"),
        inRules(
            BrokenLines.NobodyYields::new, "HandingOver.yield_givesTheTurnToTheFirstOfTheOthers"),
        inRules(
            BrokenLines.WakeUpIsLost::new,
            "Waiting.turn_isToldToThatReplicaAlone",
            "Waiting.turnPassedOnByALeaver_isTold"),
        inRules(BrokenLines.WrongReplicaIsWoken::new, "Waiting.turn_isToldToThatReplicaAlone"));
  }

  private static List<Fault> naming() {
    return List.of(
        inRules(BrokenLines.CaseIsIgnored::new, "Names.nastyNames_areIndependentLocks"),
        inRules(BrokenLines.TrailingSpaceIsIgnored::new, "Names.nastyNames_areIndependentLocks"),
        inRules(BrokenLines.AccentsAreComposed::new, "Names.nastyNames_areIndependentLocks"),
        inRules(BrokenLines.LongNamesAreCut::new, "Names.nastyNames_areIndependentLocks"),
        inRules(BrokenLines.PathsAreResolved::new, "Names.nastyNames_areIndependentLocks"));
  }

  private static List<Fault> answering() {
    return List.of(
        inBackend(BrokenBackend.HAND_OVER_IN_TWO_STEPS, "HandingOver.newcomers_neverSlipInBetween"),
        inBackend(
            BrokenBackend.DESCRIBES_BACKWARDS, "Looking.describe_answersEachNameInTheOrderAsked"),
        inBackend(
            BrokenBackend.BAD_RECORD_FAILS_ALL, "Unreadable.unreadable_isLeftOutOfBatchesAndLists"),
        inBackend(BrokenBackend.LISTS_ONE_PAGE, "Listing.pages_addUpToAll"),
        inBackend(BrokenBackend.LISTS_BY_PATTERN, "Listing.prefix_isPlainText"),
        inBackend(BrokenBackend.TAKES_ANY_CURSOR, "Listing.foreignCursor_isRefused"),
        inBackend(BrokenBackend.REPLICAS_STAY, "Looking.openReplicas_areListedUntilTheyClose"),
        inBackend(BrokenBackend.STORES_HAVE_ONE_ID, "Durability.wipedStore_hasAnotherIdAndNoLocks"),
        inBackend(
            BrokenBackend.LEASE_COUNTS_FROM_THE_CALL,
            "Ownership.claimThatWaitedForTheStore_getsAFullLease"),
        inBackend(BrokenBackend.SHOWS_CLAIM_IDS, "Looking.claimIds_areNeverShown"),
        inBackend(
            BrokenBackend.FORGETS_AT_A_RESTART,
            "Durability.everything_outlivesARestartOfTheStore"));
  }
}
