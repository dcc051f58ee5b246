package dev.fencepost.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import dev.fencepost.server.config.ServerConfig.Log;
import java.time.ZoneId;
import java.util.Locale;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sends the log to standard error, as text or JSON, because standard output is for answers. Log
 * lines of libraries that use {@code java.util.logging}, such as gRPC, follow the same format and
 * levels.
 */
final class LogSetup {
  private static final String FENCEPOST = "dev.fencepost";

  /** Acts of operators are logged at any log level. */
  private static final String AUDIT = "dev.fencepost.audit";

  private static final String TIME = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";
  private static final String REST = " %-5level %logger{0} %msg %kvp{DOUBLE}%n%rEx";

  private LogSetup() {}

  /** Replaces the current setup. */
  static void apply(Log settings) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.reset();
      ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
      appender.setContext(context);
      appender.setTarget("System.err");
      appender.setEncoder(settings.format() == Log.Format.JSON ? json(context) : text(context));
      appender.start();
      Level level = Level.toLevel(settings.level().name());
      context.getLogger(FENCEPOST).setLevel(level);
      context.getLogger(AUDIT).setLevel(Level.INFO);
      Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
      root.setLevel(ofLibraries(level));
      root.addAppender(appender);
      bridgeJavaUtilLogging(context);
    }
  }

  /** Copies our levels to its loggers, so that suppressed lines are not even created. */
  private static void bridgeJavaUtilLogging(LoggerContext context) {
    LevelChangePropagator levels = new LevelChangePropagator();
    levels.setContext(context);
    levels.setResetJUL(true);
    levels.start();
    context.addListener(levels);
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  /** Never below INFO, because the transport would log whole messages including claim ids. */
  private static Level ofLibraries(Level ours) {
    if (ours.isGreaterOrEqual(Level.WARN)) {
      return ours;
    }
    return ours.isGreaterOrEqual(Level.INFO) ? Level.WARN : Level.INFO;
  }

  private static Encoder<ILoggingEvent> json(LoggerContext context) {
    JsonEncoder encoder = new JsonEncoder();
    encoder.setContext(context);
    encoder.setWithFormattedMessage(true);
    encoder.start();
    return encoder;
  }

  private static Encoder<ILoggingEvent> text(LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    String zone = ZoneId.systemDefault().getId();
    encoder.setPattern("%d{" + TIME + "," + zone + "," + Locale.ROOT.toLanguageTag() + "}" + REST);
    encoder.start();
    return encoder;
  }
}
