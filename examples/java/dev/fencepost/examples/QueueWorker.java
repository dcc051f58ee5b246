package dev.fencepost.examples;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Works through a queue of jobs in their order, in one process at a time, and stops when its lock
 * is lost. A job is a file in a folder; a finished job is moved to the folder {@code done}.
 *
 * <p>Start it on several hosts: one works, the others wait. When the worker ends, or dies, or an
 * administrator ends its grant, the next one goes on.
 */
public final class QueueWorker {

  private static final Duration WAIT = Duration.ofHours(24);
  private static final long JOB_MILLIS = 100;

  private QueueWorker() {}

  /**
   * Works until the lock is lost.
   *
   * @param args the server and the folder of the queue
   */
  public static void main(String... args) throws Exception {
    Path queue = Path.of(args[1]);
    Files.createDirectories(queue.resolve("done"));
    try (FencepostClient client = FencepostClient.connect(args[0])) {
      FencepostLock lock =
          client
              .lock("queues/" + queue.getFileName())
              .withTtl(Duration.ofSeconds(6)) // the next worker starts this long after a crash
              .withLockDelay(Duration.ofSeconds(2)); // time to stop, if the lease runs out
      int jobs = lock.hold(WAIT, handle -> work(queue, handle));
      System.out.println("finished after " + jobs + " jobs");
    } catch (LockLostException e) {
      System.out.println("stopped: " + e.loss().reason() + " " + e.loss().detail());
    }
  }

  /**
   * Runs jobs while the lock is held. A job that blocks is interrupted by {@code hold} when the
   * lock is lost; a job that computes without blocking ends at the check before the next one.
   */
  private static int work(Path queue, LockHandle lock) throws IOException, InterruptedException {
    System.out.println("working with token " + lock.token());
    int jobs = 0;
    while (lock.isHeld()) {
      Optional<Path> job = findFirstJob(queue);
      Thread.sleep(JOB_MILLIS); // in place of the work, or of waiting for a job
      if (job.isPresent()) {
        Files.move(job.get(), queue.resolve("done").resolve(job.get().getFileName()));
        jobs++;
      }
    }
    return jobs;
  }

  private static Optional<Path> findFirstJob(Path queue) throws IOException {
    try (Stream<Path> files = Files.list(queue)) {
      return files.filter(Files::isRegularFile).sorted().findFirst();
    }
  }
}
