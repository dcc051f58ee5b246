package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.server.config.ServerConfig.Log;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LogSetupTest {
  private static final Logger OURS = LoggerFactory.getLogger("dev.fencepost.server.Any");
  private static final Logger AUDIT = LoggerFactory.getLogger("dev.fencepost.audit");
  private static final java.util.logging.Logger GRPC =
      java.util.logging.Logger.getLogger("io.grpc.netty.AnyHandler");
  private static final Logger TRANSPORT = LoggerFactory.getLogger("io.grpc.netty.Any");

  @Test
  void text_isALineWithItsFields() {
    String log = log(new Log(Log.Format.TEXT, Log.Level.INFO));

    assertThat(log.lines()).hasSize(3);
    assertThat(log).contains("INFO  Any hello you", "forced release lock=\"a\"");
  }

  @Test
  void json_isAnObjectALine() {
    String log = log(new Log(Log.Format.JSON, Log.Level.INFO));

    assertThat(log.lines()).hasSize(3).allMatch(line -> line.matches("\\{.*}"));
    assertThat(log).contains("\"message\":\"hello {}\"", "{\"lock\":\"a\"}");
    assertThat(log).as("the whole text of the line").contains("\"formattedMessage\":\"hello you\"");
  }

  @Test
  void audit_isWrittenHoweverQuietTheRest() {
    String log = log(new Log(Log.Format.TEXT, Log.Level.ERROR));

    assertThat(log.lines()).singleElement().asString().contains("forced release");
  }

  @Test
  void javaUtilLogging_followsTheFormatAndTheLevel() {
    String log = log(new Log(Log.Format.JSON, Log.Level.INFO));

    assertThat(log).contains("\"message\":\"a warning of gRPC\"");
    assertThat(log).doesNotContain("a note of gRPC");
    assertThat(log.lines()).allMatch(line -> line.matches("\\{.*}"));
  }

  @Test
  void transport_isNeverHeardInDetail() {
    assertThat(log(new Log(Log.Format.TEXT, Log.Level.TRACE))).doesNotContain("frame");
  }

  private static String log(Log settings) {
    PrintStream err = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      LogSetup.apply(settings);
      OURS.info("hello {}", "you");
      TRANSPORT.debug("a frame with a secret");
      GRPC.info("a note of gRPC");
      GRPC.warning("a warning of gRPC");
      AUDIT.atInfo().addKeyValue("lock", "a").log("forced release");
      return bytes.toString(StandardCharsets.UTF_8);
    } finally {
      System.setErr(err);
      LogSetup.apply(new Log(Log.Format.TEXT, Log.Level.WARN));
    }
  }
}
