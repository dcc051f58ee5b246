package dev.fencepost.sample;

import dev.fencepost.spring.FencepostLock;
import dev.fencepost.spring.FencepostLock.Otherwise;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** A job that every instance begins and one of them runs. */
@Component
@ConditionalOnProperty("sample.job")
class NightlyJob {
  private final AtomicInteger runs = new AtomicInteger();
  private final AtomicInteger skips = new AtomicInteger();
  private final CountDownLatch end = new CountDownLatch(1);

  @Scheduled(fixedDelay = 20)
  @FencepostLock(name = "jobs/nightly", otherwise = Otherwise.CALL, otherwiseMethod = "countSkip")
  public void run() throws InterruptedException {
    runs.incrementAndGet();
    end.await();
  }

  public void countSkip() {
    skips.incrementAndGet();
  }

  public int runs() {
    return runs.get();
  }

  public int skips() {
    return skips.get();
  }

  public void end() {
    end.countDown();
  }
}
