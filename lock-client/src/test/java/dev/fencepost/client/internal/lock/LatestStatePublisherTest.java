package dev.fencepost.client.internal.lock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.LockView;
import dev.fencepost.client.internal.time.CallbackExecutor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A subscriber that fails. */
final class LatestStatePublisherTest {
  private final AtomicBoolean cancelled = new AtomicBoolean();

  @Test
  void subscriberThatThrowsAnError_endsTheSubscription() {
    new LatestStatePublisher(
            new FailingSubscriber(), new CallbackExecutor(Runnable::run), () -> cancelled.set(true))
        .start();
    assertThat(cancelled).as("the watch at the server has ended").isTrue();
  }

  private static final class FailingSubscriber implements Flow.Subscriber<LockView> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      throw new NoClassDefFoundError("thrown by the test");
    }

    @Override
    public void onNext(LockView item) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onComplete() {}
  }
}
