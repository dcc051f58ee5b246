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

/** A session that ends in order, and one with an error during a write. */
class SessionGoodbyeTest {
  private final ManualTime time = new ManualTime();
  private final List<String> events = new ArrayList<>();
  private final FakeReplica replica = new FakeReplica(1, "0000000000000001", List.of());
  private final TimingWheel<SessionStream> sessions = new RoundScheduler(time, time).newWheel();
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
    replica.stream().ignoresGoodbye = true;
    session.drain();
    assertThat(replica.stream().saidGoodbye).isTrue();
    session.send(new RecordedOperation("late", () -> {}));
    assertThat(events).containsExactly("late not delivered");
  }

  @Test
  void goodbyeWithoutAnAnswer_isNotWaitedForWithoutEnd() {
    replica.stream().ignoresGoodbye = true;
    session.drain();
    assertThat(sessions.size()).isOne();
    time.pass(Duration.ofSeconds(3));
    assertThat(sessions.size()).isZero();
    assertThat(events).containsExactly("over");
  }

  @Test
  void errorInTheWriter_endsTheSession_andWhatItCarriesGoesElsewhere() {
    session.send(new RecordedOperation("first", () -> {}));
    Runnable outOfMemory =
        () -> {
          throw new OutOfMemoryError("thrown by the test");
        };
    session.send(new RecordedOperation("second", outOfMemory));
    session.send(new RecordedOperation("third", () -> {}));
    assertThat(events)
        .containsExactlyInAnyOrder(
            "over", "first not delivered", "second not delivered", "third not delivered");
  }

  @Test
  void errorInOneResult_doesNotKeepTheOthers() {
    session.send(new RecordedOperation("first", () -> {}));
    session.send(new RecordedOperation("second", () -> {}));
    events.add("FAIL");
    replica.stream().release(replica.stream().next());
    events.remove("FAIL");
    replica.stream().release(replica.stream().next());
    assertThat(events).containsExactly("second answered");
    assertThat(session.phase()).isEqualTo(SessionStream.Phase.OPEN);
  }

  @Test
  void operationThatThrowsAtTheEnd_doesNotKeepTheOthers() {
    session.send(new RecordedOperation("first", () -> {}));
    session.send(new RecordedOperation("second", () -> {}));
    session.send(new RecordedOperation("third", () -> {}));
    events.add("FAIL");
    session.end(Status.UNAVAILABLE);
    assertThat(events).contains("second not delivered", "third not delivered");
  }

  @Test
  void listenerThatThrowsAtTheEnd_doesNotKeepTheOperations() {
    session.send(new RecordedOperation("first", () -> {}));
    events.add("FAIL OVER");
    session.end(Status.UNAVAILABLE);
    assertThat(events).contains("first not delivered");
  }

  /** An operation that records its end. */
  private final class RecordedOperation implements PendingOperation {
    private final String name;
    private final Runnable whenComposed;

    RecordedOperation(String name, Runnable whenComposed) {
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
    public void onResult(Result result, long countedFromNanos) {
      if (events.contains("FAIL")) {
        throw new NoClassDefFoundError("thrown by the test");
      }
      events.add(name + " answered");
    }

    @Override
    public void onSessionOver() {
      if (events.remove("FAIL")) {
        throw new NoClassDefFoundError("thrown by the test");
      }
      events.add(name + " not delivered");
    }
  }

  private final class RecordedEvents implements SessionEvents {
    @Override
    public void onOpened(SessionStream opened, Welcome welcome) {}

    @Override
    public void onDraining(SessionStream from, Drain drain) {}

    @Override
    public void onGrantLost(GrantLost lost) {}

    @Override
    public void onAlive(SessionStream from) {}

    @Override
    public void onOver(SessionStream ended, Status why) {
      if (events.remove("FAIL OVER")) {
        throw new NoClassDefFoundError("thrown by the test");
      }
      events.add("over");
    }

    @Override
    public void groupWrites(Runnable work) {
      work.run();
    }
  }
}
