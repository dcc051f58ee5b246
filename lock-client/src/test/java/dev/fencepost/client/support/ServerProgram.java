package dev.fencepost.client.support;

import dev.fencepost.server.FencepostServer;
import java.util.concurrent.CountDownLatch;

/** A server on a model store as a process of its own; prints its port. */
public final class ServerProgram {
  private ServerProgram() {}

  /** Serves until it is killed. */
  public static void main(String[] arguments) throws InterruptedException {
    FencepostServer server = TestCluster.of(1).server(0);
    System.out.println("port " + server.port());
    new CountDownLatch(1).await();
  }
}
