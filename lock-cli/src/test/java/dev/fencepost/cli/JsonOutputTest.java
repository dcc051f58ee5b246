package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import dev.fencepost.cli.command.SubcommandList;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import dev.fencepost.proto.v1.GetLockResponse;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.GetTokenResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.ResetMarkResponse;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code -o json} of every command: jq reads it, and it equals the message of the server. */
class JsonOutputTest {
  private static final String CLAIM = "0123456789abcdef0123456789abcdef";

  private final FakeServer server = FakeServer.start();
  private final CapturedCli cli = CapturedCli.of(server).with("FENCEPOST_CLAIM", CLAIM);
  private final Set<String> seen = new TreeSet<>();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void everyCommandWithJson_printsItsMessageOnALine() throws IOException {
    String name = "quote\" back\\slash ünïcode";
    String granted = line(name, "acquire", name, "--claim", CLAIM);
    assertThat(jq(granted, ".claimId")).isEqualTo(CLAIM);
    String token = jq(granted, ".granted.fencingToken");
    assertThat(Long.parseLong(token)).isGreaterThan(1L << 53);
    assertThat(jq(granted, ".granted.fencingToken | type")).isEqualTo("string");
    assertThat(jq(granted, ".granted.alreadyHeld")).isEqualTo("false");
    roundTrip(without(granted), AcquireResponse.newBuilder());
    roundTrip(without(line(name, "acquire", name)), AcquireResponse.newBuilder());

    cli.with("FENCEPOST_TOKEN", token);
    roundTrip(line(name, "renew", name), RenewResponse.newBuilder());
    roundTrip(line(name, "token", name), GetTokenResponse.newBuilder());
    roundTrip(line(name, "token", "nobody's"), GetTokenResponse.newBuilder());
    roundTrip(line(name, "validate", name), ValidateTokenResponse.newBuilder());
    roundTrip(line(name, "advance", "r"), AdvanceTokenResponse.newBuilder());
    roundTrip(line(name, "inspect", name), GetLockResponse.newBuilder());
    roundTrip(line(name, "ls"), Lock.newBuilder());
    roundTrip(
        line(name, "force-release", name, "--reason", "x"), ForceReleaseResponse.newBuilder());
    roundTrip(line(name, "reset-mark", "r", "--reason", "x"), ResetMarkResponse.newBuilder());
    roundTrip(line(name, "renew", name), RenewResponse.newBuilder());
    roundTrip(line(name, "release", name), ReleaseResponse.newBuilder());
    roundTrip(line(name, "ping"), GetServerInfoResponse.newBuilder());
    roundTrip(line(name, "version"), Struct.newBuilder());
    assertThat(seen).containsAll(commandsWithJson());
  }

  private static Set<String> commandsWithJson() {
    Set<String> names = new TreeSet<>(SubcommandList.NAMES);
    names.removeIf(
        name -> !SubcommandList.find(name).orElseThrow().formats().contains(OutputFormat.JSON));
    // It does not end by itself; see WatchSubcommandTest.
    names.remove("watch");
    return names;
  }

  private String line(String lock, String... words) {
    seen.add(words[0]);
    String[] all = Arrays.copyOf(words, words.length + 2);
    all[words.length] = "-o";
    all[words.length + 1] = "json";
    CapturedCli.Result result = cli.run(all);
    assertThat(result.lines()).as(lock + ": " + words[0] + " " + result.err()).hasSize(1);
    return result.out();
  }

  private static String without(String json) throws IOException {
    return jq(json, "del(.claimId) | tojson");
  }

  static void roundTrip(String json, Message.Builder message)
      throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(json, message);
    String again =
        JsonFormat.printer()
            .alwaysPrintFieldsWithNoPresence()
            .omittingInsignificantWhitespace()
            .print(message);
    assertThat(again).isEqualToIgnoringWhitespace(json);
  }

  static String jq(String json, String filter) throws IOException {
    Process jq = new ProcessBuilder("jq", "-r", filter).redirectErrorStream(true).start();
    try (var in = jq.getOutputStream()) {
      in.write(json.getBytes(StandardCharsets.UTF_8));
    }
    return new String(jq.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }
}
