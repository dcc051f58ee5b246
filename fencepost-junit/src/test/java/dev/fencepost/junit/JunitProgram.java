package dev.fencepost.junit;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the test classes that its arguments name. */
public final class JunitProgram {
  private JunitProgram() {}

  public static void main(String[] classes) {
    System.out.println(
        "JUnit from " + Test.class.getProtectionDomain().getCodeSource().getLocation());
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(classes).map(DiscoverySelectors::selectClass).toList())
                .build(),
            summary);
    summary.getSummary().printFailuresTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    System.out.printf(
        "%d succeeded, %d failed%n",
        summary.getSummary().getTestsSucceededCount(), summary.getSummary().getTestsFailedCount());
  }
}
