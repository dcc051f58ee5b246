package dev.fencepost.client.internal.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.FakeReplica;
import dev.fencepost.client.ManualTime;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A session that ends in good order, and one whose writer meets an error. */
class SessionGoodbyeTest {
  private final ManualTime time = new ManualTime();
  private final List<String> told = new ArrayList<>();
  private final FakeReplica replica = new FakeReplica(1, "0000000000000001", List.of());
  private final TimingWheel<SessionStream> sessions = new RoundScheduler(time, time).newSet();
  private final SessionStream session =
      SessionStream.open(
          replica.connect(),
          new SessionContext(Hello.getDefaultInstance(), time, Runnable::run, sessions),
          new RecordedEvents());

  @AfterEach
  void close() {
    replica.close();
    time.close();
  }

  @Test
  void operationAfterTheGoodbye_goesElsewhereAtOnce() {
    replica.stream().leavesOpen = true;
    session.leave();
    assertThat(replica.stream().saidGoodbye).isTrue();
    session.send(new Sent("late", () -> {}));
    assertThat(told).containsExactly("late undelivered");
  }

  @Test
  void goodbyeWithoutAnAnswer_isNotWaitedForWithoutEnd() {
    replica.stream().leavesOpen = true;
    session.leave();
    assertThat(sessions.size()).isOne();
    time.pass(Duration.ofSeconds(3));
    assertThat(sessions.size()).isZero();
    assertThat(told).containsExactly("over");
  }

  @Test
  void errorInTheWriter_endsTheSession_andWhatItCarriesGoesElsewhere() {
    session.send(new Sent("first", () -> {}));
    Runnable outOfMemory =
        () -> {
          throw new OutOfMemoryError("thrown by the test");
        };
    session.send(new Sent("second", outOfMemory));
    session.send(new Sent("third", () -> {}));
    assertThat(told)
        .containsExactlyInAnyOrder(
            "over", "first undelivered", "second undelivered", "third undelivered");
  }

  @Test
  void errorInOneResult_doesNotKeepTheOthers() {
    session.send(new Sent("first", () -> {}));
    session.send(new Sent("second", () -> {}));
    told.add("FAIL");
    replica.stream().release(replica.stream().next());
    told.remove("FAIL");
    replica.stream().release(replica.stream().next());
    assertThat(told).containsExactly("second answered");
    assertThat(session.phase()).isEqualTo(SessionStream.Phase.OPEN);
  }

  /** Something to send. */
  private final class Sent implements PendingOperation {
    private final String name;
    private final Runnable whenComposed;

    Sent(String name, Runnable whenComposed) {
      this.name = name;
      this.whenComposed = whenComposed;
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public Operation toProto(long id, long nowNanos) {
      whenComposed.run();
      return Operation.newBuilder()
          .setId(id)
          .setRelease(ReleaseRequest.newBuilder().setName(name))
          .build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      if (told.contains("FAIL")) {
        throw new NoClassDefFoundError("thrown by the test");
      }
      told.add(name + " answered");
    }

    @Override
    public void undelivered() {
      told.add(name + " undelivered");
    }
  }

  private final class RecordedEvents implements SessionEvents {
    @Override
    public void opened(SessionStream opened, Welcome welcome) {}

    @Override
    public void draining(SessionStream from, Drain drain) {}

    @Override
    public void lost(GrantLost lost) {}

    @Override
    public void alive(SessionStream from) {}

    @Override
    public void over(SessionStream ended, Status why) {
      told.add("over");
    }

    @Override
    public void together(Runnable work) {
      work.run();
    }
  }
}
