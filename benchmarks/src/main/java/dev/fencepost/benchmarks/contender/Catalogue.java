package dev.fencepost.benchmarks.contender;

import static dev.fencepost.benchmarks.contender.Trait.ASYNCHRONOUS;
import static dev.fencepost.benchmarks.contender.Trait.CEILING;
import static dev.fencepost.benchmarks.contender.Trait.CONTROL;
import static dev.fencepost.benchmarks.contender.Trait.FENCEPOST;
import static dev.fencepost.benchmarks.contender.Trait.NO_LEASE;
import static dev.fencepost.benchmarks.contender.Trait.POLLS;
import static dev.fencepost.benchmarks.contender.Trait.RENEWS;
import static dev.fencepost.benchmarks.contender.Trait.TRANSPORT;
import static dev.fencepost.benchmarks.contender.Trait.UNROUTED;

import dev.fencepost.benchmarks.contender.Controls.Fault;
import dev.fencepost.benchmarks.peer.AdvisoryLock;
import dev.fencepost.benchmarks.peer.Curator;
import dev.fencepost.benchmarks.peer.InsertDelete;
import dev.fencepost.benchmarks.peer.Jetcd;
import dev.fencepost.benchmarks.peer.LettuceByHand;
import dev.fencepost.benchmarks.peer.Redisson;
import dev.fencepost.benchmarks.peer.Sdk;
import dev.fencepost.benchmarks.peer.ShedLock;
import dev.fencepost.benchmarks.peer.SpringJdbc;
import dev.fencepost.benchmarks.peer.StreamEcho;
import dev.fencepost.benchmarks.peer.UnaryStub;
import java.util.List;
import java.util.Set;

/** All contenders, in the order in which they take turns and are shown. */
public final class Catalogue {
  /** The kind of store of those that need none. */
  public static final String NO_STORE = "none";

  private static final Set<String> STORES =
      Set.of("redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2");
  private static final Set<String> STORE_SERVERS =
      Set.of("redis", "zookeeper", "etcd", "postgresql", "mariadb");
  private static final Set<String> SQL = Set.of("postgresql", "mariadb", "h2");
  private static final Set<String> SQL_SERVERS = Set.of("postgresql", "mariadb");

  private static final List<Entry> ALL =
      List.of(
          new Entry(
              "fencepost",
              "Fencepost, SDK, awaited release",
              STORES,
              Set.of(FENCEPOST, RENEWS),
              settings -> new Sdk(Sdk.Giving.AWAITED, settings)),
          new Entry(
              "fencepost-close",
              "Fencepost, SDK, close()",
              STORES,
              Set.of(FENCEPOST, RENEWS, ASYNCHRONOUS),
              settings -> new Sdk(Sdk.Giving.UNAWAITED, settings)),
          new Entry(
              "stub", "Fencepost, unary stub", STORES, Set.of(FENCEPOST, UNROUTED), UnaryStub::new),
          new Entry(
              "ceiling",
              "the same messages and store commands, no service",
              STORE_SERVERS,
              Set.of(CEILING),
              settings -> new Sdk(Sdk.Giving.AWAITED, settings)),
          new Entry(
              "ceiling-close",
              "the same, close()",
              STORE_SERVERS,
              Set.of(CEILING),
              settings -> new Sdk(Sdk.Giving.UNAWAITED, settings)),
          new Entry(
              "redisson-lock",
              "Redisson RLock",
              Set.of("redis"),
              Set.of(RENEWS),
              settings -> new Redisson(Redisson.Kind.LOCK, settings)),
          new Entry(
              "redisson-fenced",
              "Redisson RFencedLock",
              Set.of("redis"),
              Set.of(RENEWS),
              settings -> new Redisson(Redisson.Kind.FENCED, settings)),
          new Entry(
              "redisson-fair",
              "Redisson RFairLock",
              Set.of("redis"),
              Set.of(RENEWS),
              settings -> new Redisson(Redisson.Kind.FAIR, settings)),
          new Entry(
              "lettuce",
              "SET NX PX by hand, lettuce",
              Set.of("redis"),
              Set.of(POLLS),
              LettuceByHand::new),
          new Entry(
              "curator",
              "Curator InterProcessMutex",
              Set.of("zookeeper"),
              Set.of(RENEWS),
              Curator::new),
          new Entry("jetcd", "jetcd lock client", Set.of("etcd"), Set.of(RENEWS), Jetcd::new),
          new Entry("shedlock", "ShedLock JDBC", SQL_SERVERS, Set.of(POLLS), ShedLock::new),
          new Entry(
              "spring", "Spring Integration JDBC", SQL_SERVERS, Set.of(POLLS), SpringJdbc::new),
          new Entry(
              "insert-delete",
              "INSERT/DELETE by hand",
              SQL,
              Set.of(POLLS, NO_LEASE),
              InsertDelete::new),
          new Entry(
              "advisory",
              "PostgreSQL advisory lock",
              Set.of("postgresql"),
              Set.of(NO_LEASE),
              AdvisoryLock::new),
          new Entry(
              "echo-unary",
              "gRPC echo, unary",
              Set.of(NO_STORE),
              Set.of(TRANSPORT),
              UnaryStub::new),
          new Entry(
              "echo-stream",
              "gRPC echo, stream",
              Set.of(NO_STORE),
              Set.of(TRANSPORT),
              StreamEcho::new),
          control("control-sound", Fault.NONE),
          control("control-no-exclusion", Fault.NO_EXCLUSION),
          control("control-tries-succeed", Fault.TRIES_SUCCEED),
          control("control-token-stands", Fault.TOKEN_STANDS));

  private Catalogue() {}

  /** Those that work on the kind of store, without the controls. */
  public static List<Entry> on(String store) {
    return ALL.stream().filter(e -> e.stores().contains(store) && !e.is(CONTROL)).toList();
  }

  /** The deliberately broken ones, and a sound one beside them. */
  public static List<Entry> controls() {
    return ALL.stream().filter(e -> e.is(CONTROL)).toList();
  }

  /** The one with the id. */
  public static Entry get(String id) {
    return ALL.stream()
        .filter(entry -> entry.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no contender " + id));
  }

  private static Entry control(String id, Fault fault) {
    return new Entry(
        id,
        "control: " + fault,
        Set.of(NO_STORE),
        Set.of(CONTROL),
        settings -> new Controls(fault));
  }
}
