package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.ServerMain;
import dev.fencepost.testkit.HostileUris;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Passwords in store URIs are never shown, for any URI and any kind of store. */
class StoreSecretsTest {
  private final PrintStream out = System.out;
  private final PrintStream err = System.err;
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
  private final Recorder logged = new Recorder();
  private final Logger root = LogManager.getLogManager().getLogger("");

  @BeforeEach
  void record() {
    PrintStream both = new PrintStream(shown, true, StandardCharsets.UTF_8);
    System.setOut(both);
    System.setErr(both);
    root.addHandler(logged);
  }

  @AfterEach
  void restore() {
    System.setOut(out);
    System.setErr(err);
    root.removeHandler(logged);
  }

  @Test
  void checkOfAHostileUri_showsNoSecret() {
    for (String uri : hostile()) {
      ServerMain.check(Map.of("store", uri));
    }
    assertThat(shown.toString(StandardCharsets.UTF_8).lines())
        .isNotEmpty()
        .noneMatch(line -> line.contains(HostileUris.SECRET));
    assertThat(logged.lines).noneMatch(line -> line.contains(HostileUris.SECRET));
  }

  @Test
  void refusalByAStore_namesNoSecret() {
    List<LockBackendProvider> providers =
        ServiceLoader.load(LockBackendProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
    assertThat(providers).hasSize(4);
    List<String> refusals = new ArrayList<>();
    for (String uri : hostile()) {
      for (LockBackendProvider provider : providers) {
        if (provider.schemes().stream().anyMatch(uri::startsWith)) {
          refusals.add(refusal(provider, uri));
        }
      }
    }
    assertThat(refusals).isNotEmpty().noneMatch(text -> text.contains(HostileUris.SECRET));
  }

  private static String refusal(LockBackendProvider provider, String uri) {
    try (LockBackend backend = provider.create(StoreSettings.of(uri))) {
      return backend.toString();
    } catch (StoreConfigurationException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static List<String> hostile() {
    List<String> uris = new ArrayList<>(List.of(HostileUris.SECRET));
    for (String scheme :
        List.of(
            "jdbc:postgresql",
            "jdbc:mariadb",
            "jdbc:mysql",
            "redis",
            "rediss",
            "redis-sentinel",
            "redis-cluster",
            "etcd",
            "etcds",
            "zookeeper",
            "mongodb")) {
      uris.addAll(HostileUris.of(scheme));
    }
    uris.add("h2:./data;PASSWORD=" + HostileUris.SECRET);
    uris.add("h2:./da\0ta;PASSWORD=" + HostileUris.SECRET);
    return uris;
  }

  /** Records the log records that the stores' libraries write with the JDK's logger. */
  private static final class Recorder extends Handler {
    private final List<String> lines = new ArrayList<>();

    @Override
    public synchronized void publish(LogRecord record) {
      Object[] parameters = record.getParameters();
      lines.add(record.getMessage() + (parameters == null ? "" : List.of(parameters)));
      Throwable thrown = record.getThrown();
      while (thrown != null) {
        lines.add(String.valueOf(thrown.getMessage()));
        thrown = thrown.getCause();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
