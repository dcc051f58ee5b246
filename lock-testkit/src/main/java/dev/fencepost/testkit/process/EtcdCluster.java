package dev.fencepost.testkit.process;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A private cluster of three etcd processes. Safe for use by many threads. */
public final class EtcdCluster implements AutoCloseable {

  private static final int MEMBERS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<EtcdServer> members =
      IntStream.range(0, MEMBERS).mapToObj(i -> new EtcdServer("member-" + i)).toList();

  private final List<TcpProxy> proxies;

  /** Finds the programs; starts nothing yet. */
  public EtcdCluster() {
    this(false);
  }

  private EtcdCluster(boolean isBehindProxies) {
    proxies = isBehindProxies ? members.stream().map(EtcdServer::behindProxy).toList() : List.of();
    String all = members.stream().map(EtcdServer::member).collect(Collectors.joining(","));
    members.forEach(member -> member.join(all));
  }

  /** A cluster whose members can be cut off from each other. */
  public static EtcdCluster behindProxies() {
    return new EtcdCluster(true);
  }

  /**
   * Breaks all connections between the members, and refuses connections to this one until {@link
   * #heal}. Pause this member meanwhile, since it would connect to the others. If the others are
   * paused when it resumes, nothing of their work reaches it.
   */
  public void cutOff(EtcdServer member) {
    proxies.get(members.indexOf(member)).refuse();
    proxies.forEach(TcpProxy::reset);
  }

  /** Starts the members that do not run and waits until all of them answer. */
  public void start() {
    together(EtcdServer::start);
  }

  /** Stops all members in good order. */
  public void stop() {
    together(EtcdServer::stop);
  }

  /** Resumes paused members, restarts ended ones, and connects them all. */
  public void heal() {
    proxies.forEach(TcpProxy::resume);
    together(EtcdServer::heal);
  }

  /** The members. */
  public List<EtcdServer> members() {
    return members;
  }

  /** The member that leads; waits for an election to end. */
  public EtcdServer leader() {
    await("a leader").atMost(PATIENCE).until(() -> members.stream().anyMatch(EtcdServer::isLeader));
    return members.stream().filter(EtcdServer::isLeader).findFirst().orElseThrow();
  }

  /** The store URI with all members and a key prefix. */
  public String uri(String prefix) {
    return members.stream()
        .map(member -> "127.0.0.1:" + member.port())
        .collect(Collectors.joining(",", "etcd://", "/" + prefix));
  }

  @Override
  public void close() {
    members.forEach(EtcdServer::close);
    proxies.forEach(TcpProxy::close);
  }

  /** All at once: a member that starts answers when most of the others run. */
  private void together(Consumer<EtcdServer> act) {
    List<CompletableFuture<Void>> all =
        members.stream()
            .map(member -> CompletableFuture.runAsync(() -> act.accept(member)))
            .toList();
    all.forEach(CompletableFuture::join);
  }
}
