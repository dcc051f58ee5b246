package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.Asker;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Step;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Rules under which waiting is unfair or for ever, or two names are one lock. */
final class BrokenLines {

  private BrokenLines() {}

  static final class LastComesFirst extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      Step<Attempt> step = lock.acquire(asker, claim, line);
      if (step.after().line().size() <= lock.line().size()) {
        return step;
      }
      List<ReplicaId> turned = new ArrayList<>(lock.line());
      turned.add(0, asker.self());
      return new Step<>(Records.withLine(step.after(), turned), step.outcome());
    }
  }

  static final class NewcomersOvertake extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      boolean turn = lock.tenure().isEmpty() && lock.turn().isPresent();
      return (turn ? Records.withFreeAt(lock, 0) : lock).acquire(asker, claim, line);
    }
  }

  static final class JoiningIsForgotten extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return lock.acquire(asker, claim, line == Line.JOIN ? Line.NONE : line);
    }
  }

  static final class PlaceIsNeverGivenUp extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      Step<Attempt> step = lock.acquire(asker, claim, line);
      return lock.line().contains(asker.self())
          ? new Step<>(Records.withLine(step.after(), lock.line()), step.outcome())
          : step;
    }
  }

  static final class ReleaseForgetsTheLine extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      Step<Release> freed = Records.withLine(lock, List.of()).release(asker, order);
      return new Step<>(Records.withLine(freed.after(), lock.line()), freed.outcome());
    }
  }

  static final class LeaverKeepsTheTurn extends Rules {
    @Override
    Step<Boolean> leave(LockRecord lock, Asker asker) {
      List<ReplicaId> others =
          lock.line().stream().filter(other -> !other.equals(asker.self())).toList();
      return new Step<>(Records.withLine(lock, others), true);
    }
  }

  static final class LeaverStays extends Rules {
    @Override
    Step<Boolean> leave(LockRecord lock, Asker asker) {
      return new Step<>(lock, false);
    }
  }

  static final class NobodyYields extends Rules {
    @Override
    Step<HandOver> handOver(LockRecord lock, Asker asker, Passing passing) {
      Line line = passing.line() == Line.YIELD ? Line.STAY : passing.line();
      return lock.handOver(asker, passing.from(), passing.to(), line);
    }
  }

  static final class WakeUpIsLost extends Rules {
    @Override
    Optional<ReplicaId> wake(Step<?> step, LockRecord before, ReplicaId self) {
      return Optional.empty();
    }
  }

  static final class WrongReplicaIsWoken extends Rules {
    @Override
    Optional<ReplicaId> wake(Step<?> step, LockRecord before, ReplicaId self) {
      return super.wake(step, before, self)
          .map(right -> step.after().line().isEmpty() ? right : step.after().line().get(0));
    }
  }

  static final class CaseIsIgnored extends Rules {
    @Override
    LockName key(LockName name) {
      return new LockName(name.value().toLowerCase(Locale.ROOT));
    }
  }

  static final class TrailingSpaceIsIgnored extends Rules {
    @Override
    LockName key(LockName name) {
      String stripped = name.value().stripTrailing();
      return stripped.isEmpty() ? name : new LockName(stripped);
    }
  }

  static final class AccentsAreComposed extends Rules {
    @Override
    LockName key(LockName name) {
      return new LockName(Normalizer.normalize(name.value(), Normalizer.Form.NFC));
    }
  }

  static final class LongNamesAreCut extends Rules {
    @Override
    LockName key(LockName name) {
      String value = name.value();
      return new LockName(value.length() > 255 ? value.substring(0, 255) : value);
    }
  }

  static final class PathsAreResolved extends Rules {
    @Override
    LockName key(LockName name) {
      return new LockName(name.value().replace("%2f", "/"));
    }
  }
}
