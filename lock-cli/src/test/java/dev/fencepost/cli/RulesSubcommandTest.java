package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of identity and rights. */
class RulesSubcommandTest {
  private final CapturedCli cli = new CapturedCli();

  @TempDir Path folder;

  private String rules(String lines) throws IOException {
    return Files.writeString(folder.resolve("rules"), "version 1\n" + lines).toString();
  }

  @Test
  void check_is0ForAValidFile_and78ForOneWithErrors() throws IOException {
    CapturedCli.Result valid = cli.run("rules", "check", rules("allow token:a use on a/**\n"));
    assertThat(valid.code()).isZero();
    assertThat(valid.out())
        .contains("gains  token:a: acquire, inspect, watch, fence on a/**", "valid, 1 rules");

    CapturedCli.Result broken = cli.run("rules", "check", rules("allow token:a us on a/**\n"));
    assertThat(broken.code()).isEqualTo(78);
    assertThat(broken.out()).isEmpty();
    assertThat(broken.err()).contains("rules:2: \"us\"", "did you mean use?");
  }

  @Test
  void can_is0ForYes_1ForNo_64ForAnUnknownOperation() throws IOException {
    String rules = rules("allow token:a use on a/**\n");

    assertThat(cli.run("can", "token:a", "acquire", "a/b", "--rules", rules).code()).isZero();
    assertThat(cli.run("can", "token:a", "acquire", "b", "--rules", rules).code()).isEqualTo(1);
    assertThat(cli.run("can", "token:a", "aquire", "b", "--rules", rules).code()).isEqualTo(64);
    assertThat(cli.run("can", "token:a", "admin", "--rules", rules).code()).isEqualTo(1);
  }

  @Test
  void can_withoutAFile_asksAServer() throws Exception {
    List<String> admin = cli.run("bearer", "new", "boss").lines();
    List<String> user = cli.run("bearer", "new", "a").lines();
    Files.writeString(folder.resolve("tokens"), admin.get(1) + "\n" + user.get(1) + "\n");
    String boss = Files.writeString(folder.resolve("boss.token"), admin.get(0)).toString();
    String own = Files.writeString(folder.resolve("a.token"), user.get(0)).toString();
    try (FencepostServer server =
        FencepostServer.start(
            ServerConfig.load(
                Map.of(
                    "store",
                    "h2:" + folder.resolve("store"),
                    "listen",
                    "127.0.0.1:0",
                    "http-listen",
                    "off",
                    "rules.file",
                    rules("allow token:a use on a/**\nallow token:boss admin\n"),
                    "identity.tokens-file",
                    folder.resolve("tokens").toString()),
                Map.of()))) {
      cli.with("FENCEPOST_SERVER", server.address().toString());

      assertThat(cli.run("can", "-", "acquire", "a/b", "--token-file", own).out())
          .isEqualTo("yes\n");
      assertThat(cli.run("can", "-", "acquire", "b", "--token-file", own).code()).isEqualTo(1);
      assertThat(cli.run("can", "token:boss", "admin", "--token-file", own).code()).isEqualTo(77);
      assertThat(cli.run("can", "token:a", "acquire", "a/b", "--token-file", boss).out())
          .isEqualTo("yes: rules:2\n");
      assertThat(cli.run("can", "token:a", "reset", "resource", "a/b", "--token-file", boss).code())
          .isEqualTo(1);
      assertThat(cli.run("can", "-", "aquire", "b", "--token-file", own).code()).isEqualTo(64);
    }
  }

  @Test
  void bearer_printsATokenAndTheLineWithItsHash_andNeverTheSameTwice() throws Exception {
    List<String> lines = cli.run("bearer", "new", "orders").lines();

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).matches("fpt_[A-Za-z0-9_-]{43}");
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(lines.get(0).getBytes(StandardCharsets.UTF_8));
    assertThat(lines.get(1)).isEqualTo("orders sha256:" + HexFormat.of().formatHex(hash));
    assertThat(cli.run("bearer", "new", "orders").lines()).doesNotContainAnyElementsOf(lines);
  }

  @Test
  void otherActions_are64() {
    assertThat(cli.run("bearer", "new", "a b").code()).isEqualTo(64);
    assertThat(cli.run("bearer", "old", "a").code()).isEqualTo(64);
    assertThat(cli.run("rules", "show", "x").code()).isEqualTo(64);
    assertThat(cli.run("rules").code()).isEqualTo(64);
  }
}
