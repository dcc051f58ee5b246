package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A ZooKeeper server as a process of its own, run from the classes of the tests' class path, which
 * must have {@code org.apache.zookeeper:zookeeper} and what its server needs. Alone, or a member of
 * a {@link ZookeeperEnsemble}. The environment variable {@value #CLASS_PATH} names another class
 * path, for another version than that of the tests.
 */
public final class ZookeeperServer extends StoreProcess {

  /** The unit of ZooKeeper's times: sessions last 2 to 20 of them. */
  public static final int TICK_MILLIS = 500;

  /** Name of the environment variable with the class path of another version. */
  public static final String CLASS_PATH = "FENCEPOST_ZOOKEEPER_CLASSPATH";

  private static final String MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
  private static final int PROBE_MILLIS = 2000;
  private static final int USUAL_HEAP_MEGABYTES = 128;

  private final Sync sync;
  private final int heapMegabytes;
  private final int quorumPort = FreePort.next();
  private final int electionPort = FreePort.next();
  private final List<String> moreSettings = new ArrayList<>();
  private Optional<Membership> membership = Optional.empty();

  /** Whether a server waits for its disk before it answers. */
  public enum Sync {
    /** As in production. */
    EACH_WRITE,
    /** Only a crash of the machine could tell the difference. */
    NEVER
  }

  /** The role of a server at the moment. */
  public enum Role {
    /** Alone. */
    STANDALONE,
    /** The ensemble's leader. */
    LEADER,
    /** One of its followers. */
    FOLLOWER,
    /** It runs, but serves nobody: no quorum, or it is on its way. */
    NOT_SERVING
  }

  /** Makes a server of its own that does not wait for its disk; not started yet. */
  public ZookeeperServer() {
    this(Sync.NEVER, USUAL_HEAP_MEGABYTES);
  }

  /**
   * Makes a server of its own; not started yet.
   *
   * @param sync whether it waits for its disk
   * @param heapMegabytes its heap, which holds all nodes: 300,000 need about 200 MB
   */
  public ZookeeperServer(Sync sync, int heapMegabytes) {
    super("zookeeper");
    this.sync = sync;
    this.heapMegabytes = heapMegabytes;
  }

  /** Makes it a member; before its first start. */
  void join(int number, List<ZookeeperServer> members) {
    membership = Optional.of(new Membership(number, members));
  }

  /** Adds a line to its configuration; before its first start. */
  public ZookeeperServer with(String setting) {
    moreSettings.add(setting);
    return this;
  }

  /** Returns its own report; empty if it is paused or does not run. */
  public Optional<Role> role() {
    return ask("srvr")
        .map(
            answer -> {
              if (answer.contains("Mode: standalone")) {
                return Role.STANDALONE;
              }
              if (answer.contains("Mode: leader")) {
                return Role.LEADER;
              }
              return answer.contains("Mode: follower") ? Role.FOLLOWER : Role.NOT_SERVING;
            });
  }

  /** The answer to a command of four letters; empty if there is none. */
  public Optional<String> ask(String fourLetters) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()), PROBE_MILLIS);
      socket.setSoTimeout(PROBE_MILLIS);
      socket.getOutputStream().write(fourLetters.getBytes(StandardCharsets.US_ASCII));
      InputStream answer = socket.getInputStream();
      return Optional.of(new String(answer.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  protected void prepare() {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "dataDir=" + data(),
                "tickTime=" + TICK_MILLIS,
                "initLimit=20",
                "syncLimit=4",
                "maxClientCnxns=0"));
    try {
      Files.createDirectories(data());
      if (membership.isPresent()) {
        Membership member = membership.orElseThrow();
        Files.writeString(data().resolve("myid"), Integer.toString(member.number));
        for (int i = 0; i < member.all.size(); i++) {
          lines.add("server." + (i + 1) + "=" + member.all.get(i).address());
        }
      } else {
        lines.add("clientPortAddress=127.0.0.1");
        lines.add("clientPort=" + port());
      }
      lines.addAll(moreSettings);
      Files.write(config(), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected List<String> command() {
    return List.of(
        System.getProperty("java.home") + "/bin/java",
        "-Xmx" + heapMegabytes + "m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dzookeeper.admin.enableServer=false",
        "-Dzookeeper.4lw.commands.whitelist=*",
        "-Dzookeeper.jmx.log4j.disable=true",
        "-Dzookeeper.preAllocSize=4096",
        "-Dzookeeper.forceSync=" + (sync == Sync.NEVER ? "no" : "yes"),
        "-cp",
        Optional.ofNullable(System.getenv(CLASS_PATH))
            .or(() -> Optional.ofNullable(System.getProperty("surefire.test.class.path")))
            .orElseGet(() -> System.getProperty("java.class.path")),
        MAIN,
        config().toString());
  }

  /** A member answers before there is a quorum. */
  @Override
  protected boolean answers() {
    return membership.isPresent()
        ? ask("ruok").filter("imok"::equals).isPresent()
        : role().filter(Role.STANDALONE::equals).isPresent();
  }

  @Override
  protected String stopSignal() {
    return "TERM";
  }

  private String address() {
    return "127.0.0.1:" + quorumPort + ":" + electionPort + ";127.0.0.1:" + port();
  }

  private Path data() {
    return folder().resolve("data");
  }

  private Path config() {
    return folder().resolve("zoo.cfg");
  }

  private record Membership(int number, List<ZookeeperServer> all) {}
}
