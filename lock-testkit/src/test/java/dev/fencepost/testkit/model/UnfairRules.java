package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Rules under which waiting is unfair or for ever, or two names are one lock. */
final class UnfairRules {

  private UnfairRules() {}

  static final class LastComesFirst extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> step = lock.acquire(asker, claim, line);
      if (step.after().replicaQueue().size() <= lock.replicaQueue().size()) {
        return step;
      }
      List<ReplicaId> turned = new ArrayList<>(lock.replicaQueue());
      turned.add(0, asker.self());
      return new Transition<>(AlteredRecords.withLine(step.after(), turned), step.outcome());
    }
  }

  static final class NewcomersOvertake extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      boolean turn = lock.ownership().isEmpty() && lock.turn().isPresent();
      return (turn ? AlteredRecords.withFreeAt(lock, 0) : lock).acquire(asker, claim, line);
    }
  }

  static final class JoiningIsForgotten extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return lock.acquire(asker, claim, line == QueueIntent.JOIN ? QueueIntent.NONE : line);
    }
  }

  static final class PlaceIsNeverGivenUp extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> step = lock.acquire(asker, claim, line);
      return lock.replicaQueue().contains(asker.self())
          ? new Transition<>(
              AlteredRecords.withLine(step.after(), lock.replicaQueue()), step.outcome())
          : step;
    }
  }

  static final class ReleaseForgetsTheLine extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      Transition<Release> freed = AlteredRecords.withLine(lock, List.of()).release(asker, order);
      return new Transition<>(
          AlteredRecords.withLine(freed.after(), lock.replicaQueue()), freed.outcome());
    }
  }

  static final class LeaverKeepsTheTurn extends ModelRules {
    @Override
    Transition<Boolean> leave(LockRecord lock, StepContext asker) {
      List<ReplicaId> others =
          lock.replicaQueue().stream().filter(other -> !other.equals(asker.self())).toList();
      return new Transition<>(AlteredRecords.withLine(lock, others), true);
    }
  }

  static final class LeaverStays extends ModelRules {
    @Override
    Transition<Boolean> leave(LockRecord lock, StepContext asker) {
      return new Transition<>(lock, false);
    }
  }

  static final class NobodyYields extends ModelRules {
    @Override
    Transition<HandOver> handOver(LockRecord lock, StepContext asker, Passing passing) {
      QueueIntent line = passing.line() == QueueIntent.YIELD ? QueueIntent.STAY : passing.line();
      return lock.handOver(asker, passing.from(), passing.to(), line);
    }
  }

  static final class WakeUpIsLost extends ModelRules {
    @Override
    Optional<ReplicaId> wake(Transition<?> step, LockRecord before, ReplicaId self) {
      return Optional.empty();
    }
  }

  static final class WrongReplicaIsWoken extends ModelRules {
    @Override
    Optional<ReplicaId> wake(Transition<?> step, LockRecord before, ReplicaId self) {
      return super.wake(step, before, self)
          .map(
              right ->
                  step.after().replicaQueue().isEmpty()
                      ? right
                      : step.after().replicaQueue().get(0));
    }
  }

  static final class CaseIsIgnored extends ModelRules {
    @Override
    LockName key(LockName name) {
      return new LockName(name.value().toLowerCase(Locale.ROOT));
    }
  }

  static final class TrailingSpaceIsIgnored extends ModelRules {
    @Override
    LockName key(LockName name) {
      String stripped = name.value().stripTrailing();
      return stripped.isEmpty() ? name : new LockName(stripped);
    }
  }

  static final class AccentsAreComposed extends ModelRules {
    @Override
    LockName key(LockName name) {
      return new LockName(Normalizer.normalize(name.value(), Normalizer.Form.NFC));
    }
  }

  static final class LongNamesAreCut extends ModelRules {
    @Override
    LockName key(LockName name) {
      String value = name.value();
      return new LockName(value.length() > 255 ? value.substring(0, 255) : value);
    }
  }

  static final class PathsAreResolved extends ModelRules {
    @Override
    LockName key(LockName name) {
      return new LockName(name.value().replace("%2f", "/"));
    }
  }
}
