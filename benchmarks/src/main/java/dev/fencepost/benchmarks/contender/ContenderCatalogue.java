package dev.fencepost.benchmarks.contender;

import static dev.fencepost.benchmarks.contender.ContenderTrait.ASYNCHRONOUS;
import static dev.fencepost.benchmarks.contender.ContenderTrait.CEILING;
import static dev.fencepost.benchmarks.contender.ContenderTrait.CONTROL;
import static dev.fencepost.benchmarks.contender.ContenderTrait.FENCEPOST;
import static dev.fencepost.benchmarks.contender.ContenderTrait.NO_LEASE;
import static dev.fencepost.benchmarks.contender.ContenderTrait.RENEWS;
import static dev.fencepost.benchmarks.contender.ContenderTrait.SECURED;
import static dev.fencepost.benchmarks.contender.ContenderTrait.TRANSPORT;

import dev.fencepost.benchmarks.contender.BrokenLock.Fault;
import dev.fencepost.benchmarks.peer.AdvisoryLockPeer;
import dev.fencepost.benchmarks.peer.CuratorPeer;
import dev.fencepost.benchmarks.peer.InsertDeletePeer;
import dev.fencepost.benchmarks.peer.JetcdPeer;
import dev.fencepost.benchmarks.peer.LettucePeer;
import dev.fencepost.benchmarks.peer.RedissonPeer;
import dev.fencepost.benchmarks.peer.SdkContender;
import dev.fencepost.benchmarks.peer.ShedLockPeer;
import dev.fencepost.benchmarks.peer.SpringJdbcPeer;
import dev.fencepost.benchmarks.peer.StreamEchoContender;
import dev.fencepost.benchmarks.peer.UnaryStubContender;
import java.util.List;
import java.util.Set;

/** All contenders, in the order in which they take turns and are shown. */
public final class ContenderCatalogue {
  /** The kind of store of contenders that need none. */
  public static final String NO_STORE = "none";

  private static final Set<String> NOTHING = Set.of(NO_STORE);
  private static final Set<String> REDIS = Set.of("redis");
  private static final Set<String> POSTGRES = Set.of("postgresql");
  private static final Set<String> SQL_SERVERS = Set.of("postgresql", "mariadb");
  private static final Set<String> SQL = Set.of("postgresql", "mariadb", "h2");
  private static final Set<String> SERVERS =
      Set.of("redis", "zookeeper", "etcd", "postgresql", "mariadb");
  private static final Set<String> ALL_STORES =
      Set.of("redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2");

  private static final ContenderEntry.Factory AWAITED =
      settings -> new SdkContender(SdkContender.ReleaseMode.AWAITED, settings);
  private static final ContenderEntry.Factory UNAWAITED =
      settings -> new SdkContender(SdkContender.ReleaseMode.UNAWAITED, settings);

  private static final List<ContenderEntry> ALL =
      List.of(
          fencepost("fencepost", "Fencepost, SDK, awaited release", AWAITED, FENCEPOST, RENEWS),
          fencepost(
              "fencepost-close",
              "Fencepost, SDK, close()",
              UNAWAITED,
              FENCEPOST,
              RENEWS,
              ASYNCHRONOUS),
          fencepost("stub", "Fencepost, unary stub", UnaryStubContender::new, FENCEPOST),
          new ContenderEntry(
              "fencepost-tls",
              "Fencepost, SDK, awaited release, mutual TLS and rules",
              REDIS,
              Set.of(SECURED),
              AWAITED),
          ceiling("ceiling", "the same messages and store commands, no service", AWAITED),
          ceiling("ceiling-close", "the same, close()", UNAWAITED),
          redisson("redisson-lock", "Redisson RLock", RedissonPeer.Kind.LOCK),
          redisson("redisson-fenced", "Redisson RFencedLock", RedissonPeer.Kind.FENCED),
          redisson("redisson-fair", "Redisson RFairLock", RedissonPeer.Kind.FAIR),
          peer("lettuce", "SET NX PX by hand, lettuce", REDIS, LettucePeer::new),
          peer(
              "curator",
              "Curator InterProcessMutex",
              Set.of("zookeeper"),
              CuratorPeer::new,
              RENEWS),
          peer("jetcd", "jetcd lock client", Set.of("etcd"), JetcdPeer::new, RENEWS),
          peer("shedlock", "ShedLock JDBC", SQL_SERVERS, ShedLockPeer::new),
          peer("spring", "Spring Integration JDBC", SQL_SERVERS, SpringJdbcPeer::new),
          peer("insert-delete", "INSERT/DELETE by hand", SQL, InsertDeletePeer::new, NO_LEASE),
          peer("advisory", "PostgreSQL advisory lock", POSTGRES, AdvisoryLockPeer::new, NO_LEASE),
          peer("echo-unary", "gRPC echo, unary", NOTHING, UnaryStubContender::new, TRANSPORT),
          peer("echo-stream", "gRPC echo, stream", NOTHING, StreamEchoContender::new, TRANSPORT),
          control("control-sound", Fault.NONE),
          control("control-no-exclusion", Fault.NO_EXCLUSION),
          control("control-tries-succeed", Fault.TRIES_SUCCEED),
          control("control-token-stands", Fault.TOKEN_STANDS));

  private ContenderCatalogue() {}

  /** Returns the contenders for the kind of store, without the controls. */
  public static List<ContenderEntry> on(String store) {
    return ALL.stream()
        .filter(entry -> entry.stores().contains(store) && !entry.is(CONTROL))
        .toList();
  }

  /** Returns the locks that are broken on purpose, and a sound one. */
  public static List<ContenderEntry> controls() {
    return ALL.stream().filter(entry -> entry.is(CONTROL)).toList();
  }

  /** Returns the contender with the id. */
  public static ContenderEntry get(String id) {
    return ALL.stream()
        .filter(entry -> entry.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no contender " + id));
  }

  private static ContenderEntry fencepost(
      String id, String title, ContenderEntry.Factory factory, ContenderTrait... traits) {
    return new ContenderEntry(id, title, ALL_STORES, Set.of(traits), factory);
  }

  private static ContenderEntry ceiling(String id, String title, ContenderEntry.Factory factory) {
    return new ContenderEntry(id, title, SERVERS, Set.of(CEILING), factory);
  }

  private static ContenderEntry redisson(String id, String title, RedissonPeer.Kind kind) {
    return peer(id, title, REDIS, settings -> new RedissonPeer(kind, settings), RENEWS);
  }

  private static ContenderEntry peer(
      String id,
      String title,
      Set<String> stores,
      ContenderEntry.Factory factory,
      ContenderTrait... traits) {
    return new ContenderEntry(id, title, stores, Set.of(traits), factory);
  }

  private static ContenderEntry control(String id, Fault fault) {
    return peer(id, "control: " + fault, NOTHING, settings -> new BrokenLock(fault), CONTROL);
  }
}
