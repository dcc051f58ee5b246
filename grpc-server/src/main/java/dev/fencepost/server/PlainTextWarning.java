package dev.fencepost.server;

import dev.fencepost.core.TimerService;
import dev.fencepost.server.config.HostPort;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns each hour that a server speaks plain text beyond its machine, until the timers end. */
final class PlainTextWarning {
  private static final Logger LOG = LoggerFactory.getLogger(PlainTextWarning.class);
  private static final Duration INTERVAL = Duration.ofHours(1);

  private PlainTextWarning() {}

  static void start(TimerService timers, HostPort listen) {
    LOG.warn(
        "listening on {} in plain text, as tls.plain-text or plain-listen permits: everybody on the"
            + " network can read these calls, and take and force locks; see docs/security.md",
        listen);
    timers.schedule(INTERVAL, () -> start(timers, listen));
  }
}
