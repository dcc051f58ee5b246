package dev.fencepost.server;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.config.ConfigException;
import dev.fencepost.server.config.ConfigProblem;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.config.ServerConfig.Log;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server as a command: what {@code fencepost server}, {@code fencepost server --check} and
 * {@code fencepost schema} do. Answers go to standard output, complaints to standard error.
 */
public final class ServerMain {
  /** Exit code for a setting that makes no sense, and for a store that is refused. */
  public static final int CONFIGURATION = 78;

  private static final int STOPPED_TWICE = 130;

  /** Exit code if the server had to be ended because its shutdown did not end. */
  private static final int HANGING = 70;

  /** For the store's client and the rest, after the drain. */
  private static final Duration TO_CLOSE = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(ServerMain.class);

  private ServerMain() {}

  /**
   * Runs a server until SIGTERM or SIGINT, and drains it; a second signal ends it at once.
   *
   * @param settings by key, without dashes; they outrank the environment and the YAML file, whose
   *     path is the setting {@code config}
   * @return the exit code: 0 after a drain, 78 if the server cannot start as it is configured
   */
  public static int run(Map<String, String> settings) {
    try {
      ServerConfig config = load(settings);
      LogSetup.apply(config.log());
      return run(config);
    } catch (ConfigException e) {
      return complain(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  private static int run(ServerConfig config) throws InterruptedException {
    try (FencepostServer server = FencepostServer.start(config)) {
      AtomicBoolean stopping = new AtomicBoolean();
      Duration limit = config.drainTimeout().plus(TO_CLOSE);
      TerminationSignals.onTermination(() -> stop(server, stopping, limit));
      System.out.println(StartupBanner.of(config, server));
      System.out.flush();
      server.awaitTermination();
      return 0;
    } catch (StartException e) {
      String reason = String.valueOf(e.getMessage());
      if (config.log().format() == Log.Format.JSON) {
        LOG.error(reason); // to those who read every line as an object
        return CONFIGURATION;
      }
      return complain(reason);
    }
  }

  /**
   * Checks the settings without starting or connecting anything.
   *
   * @return the exit code: 0 if they make sense, else 78
   */
  public static int check(Map<String, String> settings) {
    try {
      FencepostServer.check(load(settings));
      System.out.println("the configuration is well");
      return 0;
    } catch (ConfigException e) {
      return complain(e);
    } catch (StartException e) {
      return complain(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The statements that prepare an empty store, for operators who apply them by hand; empty if such
   * a store needs none.
   *
   * @throws StoreConfigurationException if no kind of store knows the URI
   */
  public static String schema(String storeUri) {
    return StoreProviders.installed().schema(StoreSettings.of(storeUri));
  }

  /** What is logged while the settings are read cannot follow them yet. */
  private static ServerConfig load(Map<String, String> settings) throws ConfigException {
    LogSetup.apply(Log.DEFAULT);
    return ServerConfig.load(settings, System.getenv());
  }

  private static void stop(FencepostServer server, AtomicBoolean stopping, Duration limit) {
    if (stopping.getAndSet(true)) {
      Runtime.getRuntime().halt(STOPPED_TWICE);
    }
    endWithin(limit);
    try {
      server.drain();
    } catch (RuntimeException | Error e) {
      LOG.error("the drain failed; ending without it", e);
      server.close();
    }
  }

  /** A store's client that hangs while it closes does not keep the process. */
  private static void endWithin(Duration limit) {
    Thread last =
        new Thread(
            () -> {
              try {
                Thread.sleep(limit.toMillis());
                LOG.error("the shutdown hangs; ending at once");
                Runtime.getRuntime().halt(HANGING);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "fencepost-last-resort");
    last.setDaemon(true);
    last.start();
  }

  private static int complain(ConfigException e) {
    if (e.problems().size() == 1) {
      return complain(e.problems().get(0).toString());
    }
    System.err.println("fencepost: the configuration has " + e.problems().size() + " faults");
    for (ConfigProblem problem : e.problems()) {
      System.err.println("  " + problem);
    }
    return CONFIGURATION;
  }

  private static int complain(String message) {
    System.err.println("fencepost: " + message);
    return CONFIGURATION;
  }
}
