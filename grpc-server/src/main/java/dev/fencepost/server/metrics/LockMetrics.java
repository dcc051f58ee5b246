package dev.fencepost.server.metrics;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;

/** Counts the outcomes of acquires, renewals and releases. Thread-safe. */
public final class LockMetrics {
  /** Outcome of a call that was refused or whose result is unknown. */
  private static final String FAILED = "failed";

  private final LabeledMeters.Timers acquires;
  private final LabeledMeters.Counters renewals;
  private final LabeledMeters.Counters releases;

  /** Registers the meters. */
  public LockMetrics(MeterRegistry registry) {
    this.acquires =
        LabeledMeters.Timers.forWaits(
            registry, "fencepost.acquire", "Acquire calls, from arrival to answer", "outcome");
    this.renewals =
        new LabeledMeters.Counters(registry, "fencepost.renewals", "Renewals of grants", "outcome");
    this.releases =
        new LabeledMeters.Counters(registry, "fencepost.releases", "Releases of claims", "outcome");
  }

  /** Records that an acquire was answered after this time. */
  public void recordAcquire(AcquireAnswer answer, Duration time) {
    String outcome = answer.fold(granted -> "granted", refused -> lower(refused.reason()));
    acquires.record(time, outcome);
  }

  /** Records that an acquire failed after this time. */
  public void recordAcquireFailure(Duration time) {
    acquires.record(time, FAILED);
  }

  /** Records that the caller of an acquire left after this time. */
  public void recordAbandonedAcquire(Duration time) {
    acquires.record(time, "left");
  }

  /** Records that a renewal was answered. */
  public void recordRenewal(Renewal renewal) {
    renewals.count(
        renewal.fold(renewed -> "renewed", lost -> lower(lost.loss().reason()), foreign -> FAILED));
  }

  /** Records that a renewal failed. */
  public void recordRenewalFailure() {
    renewals.count(FAILED);
  }

  /** Records that a release was answered. */
  public void recordRelease(Release release) {
    releases.count(
        release.fold(
            released -> "released",
            withdrawn -> "withdrawn",
            notHeld -> "not_held",
            foreign -> FAILED));
  }

  /** Records that a release failed. */
  public void recordReleaseFailure() {
    releases.count(FAILED);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
