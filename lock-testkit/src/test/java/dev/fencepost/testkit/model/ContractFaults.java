package dev.fencepost.testkit.model;

import static dev.fencepost.testkit.model.ContractFault.inBackend;
import static dev.fencepost.testkit.model.ContractFault.inRules;

import java.util.List;
import java.util.stream.Stream;

/** The ways to break the contract that are tried. */
final class ContractFaults {

  private ContractFaults() {}

  static List<ContractFault> all() {
    return Stream.of(
            holding(), belonging(), releasing(), counting(), waiting(), naming(), answering())
        .flatMap(List::stream)
        .toList();
  }

  private static List<ContractFault> holding() {
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

  private static List<ContractFault> belonging() {
    return List.of(
        inRules(
            BrokenOwnership.AcquireIgnoresMaker::new,
            "Principals.acquireWithAnothersClaim_isForeignAndChangesNothing",
            "Principals.principals_areComparedByteForByte"),
        inRules(
            BrokenOwnership.ForeignClaimIsQueued::new,
            "Principals.acquireWithAnothersClaim_isForeignAndChangesNothing"),
        inRules(
            BrokenOwnership.RenewalIgnoresMaker::new,
            "Principals.renewalOfAnothersGrant_isForeignAndChangesNothing",
            "Principals.renewalsAtOnce_areJudgedOneByOne",
            "Principals.principals_areComparedByteForByte"),
        inRules(
            BrokenOwnership.ReleaseIgnoresMaker::new,
            "Principals.releaseOfAnothersGrant_isForeignAndChangesNothing",
            "Principals.releaseOfAnothersGrantInTheLockDelay_endsNoDelay",
            "Principals.releasesAtOnce_areJudgedOneByOne",
            "Principals.withdrawalAfterTheNextGrantOfTheId_isForeign",
            "Principals.principals_areComparedByteForByte"),
        inRules(
            BrokenOwnership.HandOverIgnoresMaker::new,
            "Principals.handOverOfAnothersGrant_isForeignAndAnOrdinaryAttempt"));
  }

  private static List<ContractFault> releasing() {
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

  private static List<ContractFault> counting() {
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

  private static List<ContractFault> waiting() {
    return List.of(
        inRules(
            UnfairRules.LastComesFirst::new,
            "Waiting.busy_standsInLineIfAskedTo",
            "Waiting.turns_goRoundInOrder"),
        inRules(UnfairRules.NewcomersOvertake::new, "Waiting.release_givesTheTurnToTheFirstInLine"),
        inRules(
            UnfairRules.JoiningIsForgotten::new,
            "Waiting.busy_standsInLineIfAskedTo",
            "Waiting.joinAndReleaseAtOnce_loseNoTurn"),
        inRules(
            UnfairRules.PlaceIsNeverGivenUp::new,
            "Waiting.turnNotTaken_isStruckOut",
            "Differential.randomRun_agreesWithTheReferenceRules"),
        inRules(
            UnfairRules.ReleaseForgetsTheLine::new,
            "Waiting.release_givesTheTurnToTheFirstInLine",
            "Waiting.joinAndReleaseAtOnce_loseNoTurn"),
        inRules(UnfairRules.LeaverKeepsTheTurn::new, "Waiting.leaverWithTheTurn_passesItOn"),
        inRules(UnfairRules.LeaverStays::new, "Waiting.leaver_isOutOfTheLine"),
        inRules(
            UnfairRules.NobodyYields::new, "HandingOver.yield_givesTheTurnToTheFirstOfTheOthers"),
        inRules(
            UnfairRules.WakeUpIsLost::new,
            "Waiting.turn_isToldToThatReplicaAlone",
            "Waiting.turnPassedOnByALeaver_isTold"),
        inRules(UnfairRules.WrongReplicaIsWoken::new, "Waiting.turn_isToldToThatReplicaAlone"));
  }

  private static List<ContractFault> naming() {
    return List.of(
        inRules(UnfairRules.CaseIsIgnored::new, "Names.nastyNames_areIndependentLocks"),
        inRules(UnfairRules.TrailingSpaceIsIgnored::new, "Names.nastyNames_areIndependentLocks"),
        inRules(UnfairRules.AccentsAreComposed::new, "Names.nastyNames_areIndependentLocks"),
        inRules(UnfairRules.LongNamesAreCut::new, "Names.nastyNames_areIndependentLocks"),
        inRules(UnfairRules.PathsAreResolved::new, "Names.nastyNames_areIndependentLocks"));
  }

  private static List<ContractFault> answering() {
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
