package dev.fencepost.testkit.process;

import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.ZookeeperServer.Role;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * An ensemble of ZooKeeper servers, each a process of its own. Safe for use by many threads, except
 * that one server is started and stopped by one thread at a time.
 */
public final class ZookeeperEnsemble implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<ZookeeperServer> servers;

  /** Creates an ensemble of that many servers; not started yet. */
  public ZookeeperEnsemble(int size) {
    servers = IntStream.range(0, size).mapToObj(i -> new ZookeeperServer()).toList();
    for (int i = 0; i < size; i++) {
      servers.get(i).join(i + 1, servers);
    }
  }

  /** All servers. */
  public List<ZookeeperServer> servers() {
    return servers;
  }

  /** Where clients connect to: {@code 127.0.0.1:port,…}. */
  public String addresses() {
    return servers.stream()
        .map(server -> "127.0.0.1:" + server.port())
        .collect(Collectors.joining(","));
  }

  /** Starts stopped servers and resumes paused ones; all serve afterwards. */
  public void heal() {
    servers.forEach(ZookeeperServer::heal);
    awaitServing();
  }

  /** Stops all in good order and starts them again. */
  public void restart() {
    servers.forEach(ZookeeperServer::stop);
    heal();
  }

  /** The server that leads, once one does. */
  public ZookeeperServer leader() {
    return awaitWith(Role.LEADER);
  }

  /** A server that follows, once one does. */
  public ZookeeperServer follower() {
    return awaitWith(Role.FOLLOWER);
  }

  /** Kills all and deletes their folders. */
  @Override
  public void close() {
    servers.forEach(ZookeeperServer::close);
  }

  private void awaitServing() {
    await("a quorum of " + servers.size())
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () ->
                servers.stream()
                    .allMatch(s -> s.role().filter(r -> r != Role.NOT_SERVING).isPresent()));
  }

  private ZookeeperServer awaitWith(Role role) {
    return await("a " + role)
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> servers.stream().filter(s -> s.role().filter(role::equals).isPresent()).findAny(),
            java.util.Optional::isPresent)
        .orElseThrow();
  }
}
