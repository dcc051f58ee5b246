package dev.fencepost.server;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.config.ConfigException;
import dev.fencepost.server.config.ConfigProblem;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.config.ServerConfig.Log;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the server as a command: {@code fencepost server}, {@code fencepost server --check} and
 * {@code fencepost schema}. Answers go to standard output, errors to standard error.
 */
public final class ServerMain {
  /** Exit code for an invalid setting, and for a store that is refused. */
  public static final int CONFIGURATION = 78;

  private static final int STOPPED_TWICE = 130;

  /** Exit code if the process is ended because its shutdown hangs. */
  private static final int SHUTDOWN_HANGS = 70;

  /** Time to close the client of the store and the rest after the drain. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(ServerMain.class);

  private ServerMain() {}

  /**
   * Runs a server until SIGTERM or SIGINT, and drains it. A second signal ends it at once.
   *
   * @param settings settings by key, without dashes. They have precedence over the environment and
   *     the YAML file, whose path is the setting {@code config}
   * @return the exit code: 0 after a drain, 78 if the server cannot start as it is configured
   */
  public static int run(Map<String, String> settings) {
    try {
      ServerConfig config = load(settings);
      LogSetup.apply(config.log());
      return run(config);
    } catch (ConfigException e) {
      return reportError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  private static int run(ServerConfig config) throws InterruptedException {
    try (FencepostServer server = FencepostServer.start(config)) {
      AtomicBoolean stopping = new AtomicBoolean();
      Duration limit = config.drainTimeout().plus(CLOSE_TIMEOUT);
      ShutdownSignals.onTermination(() -> stop(server, stopping, limit));
      System.out.println(StartupBanner.of(config, server));
      System.out.flush();
      server.awaitTermination();
      return 0;
    } catch (StartException e) {
      String reason = String.valueOf(e.getMessage());
      if (config.log().format() == Log.Format.JSON) {
        LOG.error(reason); // for readers that parse every line as an object
        return CONFIGURATION;
      }
      return reportError(reason);
    }
  }

  /**
   * Checks the settings without starting or connecting to anything.
   *
   * @return the exit code: 0 if they are valid, else 78
   */
  public static int check(Map<String, String> settings) {
    try {
      List<String> summary = FencepostServer.check(load(settings));
      System.out.println("the configuration is valid");
      summary.forEach(System.out::println);
      return 0;
    } catch (ConfigException e) {
      return reportError(e);
    } catch (StartException e) {
      return reportError(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Returns the statements that prepare an empty store, for operators who apply them by hand; empty
   * if such a store needs none.
   *
   * @throws StoreConfigurationException if no kind of store knows the URI
   */
  public static String schema(String storeUri) {
    return StoreProviders.installed().schema(StoreSettings.of(storeUri));
  }

  /** Loads the settings. Log lines during this time use the default format and level. */
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

  /** Ends the process after the limit, even if the client of a store hangs while it closes. */
  private static void endWithin(Duration limit) {
    Thread watchdog =
        new Thread(
            () -> {
              try {
                Thread.sleep(limit.toMillis());
                LOG.error("the shutdown hangs; ending at once");
                Runtime.getRuntime().halt(SHUTDOWN_HANGS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "fencepost-last-resort");
    watchdog.setDaemon(true);
    watchdog.start();
  }

  private static int reportError(ConfigException e) {
    if (e.problems().size() == 1) {
      return reportError(e.problems().get(0).toString());
    }
    System.err.println("fencepost: the configuration has " + e.problems().size() + " faults");
    for (ConfigProblem problem : e.problems()) {
      System.err.println("  " + problem);
    }
    return CONFIGURATION;
  }

  private static int reportError(String message) {
    System.err.println("fencepost: " + message);
    return CONFIGURATION;
  }
}
