package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.StoreProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One ZooKeeper server with production settings. Unlike the test kit's server it uses the JVM's
 * usual compilers, a heap of 512 MB, and a sync of each write.
 */
final class StandaloneZookeeper extends StoreProcess {
  private static final String MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
  private static final int PROBE_MILLIS = 2000;

  StandaloneZookeeper() {
    super("zookeeper");
  }

  String description() {
    String version = ask("srvr").replaceFirst("(?s).*version: ([0-9.]+).*", "$1");
    return "ZooKeeper " + version + ", one server, forceSync yes (its default), heap 512 MB";
  }

  long nodeCount() {
    return Long.parseLong(ask("mntr").replaceFirst("(?s).*zk_znode_count\\s+(\\d+).*", "$1"));
  }

  @Override
  protected void prepare() {
    try {
      Files.createDirectories(data());
      Files.write(
          config(),
          List.of(
              "dataDir=" + data(),
              "tickTime=2000",
              "maxClientCnxns=0",
              "clientPortAddress=127.0.0.1",
              "clientPort=" + port()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected List<String> command() {
    return List.of(
        System.getProperty("java.home") + "/bin/java",
        "-Xmx512m",
        "-XX:+UseG1GC",
        "-Dzookeeper.admin.enableServer=false",
        "-Dzookeeper.4lw.commands.whitelist=*",
        "-Dzookeeper.jmx.log4j.disable=true",
        "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        MAIN,
        config().toString());
  }

  @Override
  protected boolean answers() {
    return ask("srvr").contains("Mode: standalone");
  }

  @Override
  protected String stopSignal() {
    return "TERM";
  }

  private String ask(String fourLetterCommand) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.setSoTimeout(PROBE_MILLIS);
      socket.getOutputStream().write(fourLetterCommand.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  private Path data() {
    return folder().resolve("data");
  }

  private Path config() {
    return folder().resolve("zoo.cfg");
  }
}
