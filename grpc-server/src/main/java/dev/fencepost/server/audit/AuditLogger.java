package dev.fencepost.server.audit;

import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Writes the audit to a logger of its own, so that it can be stored apart from the log. */
final class AuditLogger implements AuditOutput {
  /** Name of the logger. */
  static final String NAME = "dev.fencepost.audit";

  private final Logger log = LoggerFactory.getLogger(NAME);

  @Override
  public void write(AuditLine line) {
    LoggingEventBuilder event = log.atInfo();
    for (Map.Entry<String, Object> field : line.entry().fields().entrySet()) {
      event = event.addKeyValue(field.getKey(), field.getValue());
    }
    event.log(line.entry().kind().word());
  }

  @Override
  public void close() {}
}
