package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueueWorkerTest {

  private static final int JOBS = 500;

  @TempDir Path data;

  @Test
  void forcedRelease_stopsTheWorker_andTheNextOneGoesOn() throws IOException {
    Path queue = Files.createDirectory(data.resolve("mails"));
    for (int i = 0; i < JOBS; i++) {
      Files.createFile(queue.resolve("job-" + (1_000 + i)));
    }
    try (ServerProcess server = new ServerProcess(data.resolve("store"));
        ChildJvm worker = start(server, queue)) {
      awaitMoreThan(0, queue);
      try (ChildJvm next = start(server, queue)) {
        await()
            .atMost(ExampleProcess.PATIENCE)
            .until(() -> server.lock("queues/mails").getWaiterCount() == 1);
        server.forceRelease("queues/mails", "wrong mails");
        assertThat(ExampleProcess.awaitResult(worker)).isEqualTo("stopped: REVOKED wrong mails");
        long done = countDone(queue);
        assertThat(done).as("jobs are left").isLessThan(JOBS);
        next.awaitLine(line -> line.startsWith("working"), ExampleProcess.PATIENCE);
        awaitMoreThan(done, queue);
      }
    }
  }

  private static ChildJvm start(ServerProcess server, Path queue) {
    return ExampleProcess.start(QueueWorker.class, server.address(), queue.toString());
  }

  private static void awaitMoreThan(long jobs, Path queue) {
    await().atMost(ExampleProcess.PATIENCE).until(() -> countDone(queue) > jobs);
  }

  private static long countDone(Path queue) {
    Path done = queue.resolve("done");
    if (!Files.exists(done)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(done)) {
      return files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
