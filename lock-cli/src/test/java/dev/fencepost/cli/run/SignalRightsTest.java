package dev.fencepost.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that change their user. */
class SignalRightsTest {
  private static final int SET_USER_AND_EXECUTABLE = 04755;

  @TempDir Path folder;

  private SignalRights owner;
  private SignalRights other;

  @BeforeEach
  void users() throws IOException {
    int own = (Integer) Files.getAttribute(folder, "unix:uid");
    owner = new SignalRights(own);
    other = new SignalRights(own + 1_000);
  }

  @Test
  void programThatChangesTheUser_isWarnedOf() throws IOException {
    Path program = program("like-sudo", SET_USER_AND_EXECUTABLE);
    String path = "/no/such/folder:" + folder;
    assertThat(other.findWarning(List.of("like-sudo", "true"), path))
        .hasValueSatisfying(text -> assertThat(text).contains("like-sudo", "cannot be ended"));
    assertThat(other.findWarning(List.of(program.toString()), "")).isPresent();
    assertThat(owner.findWarning(List.of("like-sudo"), path)).isEmpty();
    assertThat(new SignalRights(0).findWarning(List.of("like-sudo"), path)).isEmpty();
  }

  @Test
  void otherPrograms_areNot() throws IOException {
    program("plain", 0755);
    assertThat(other.findWarning(List.of("plain"), folder.toString())).isEmpty();
    assertThat(other.findWarning(List.of("missing"), folder.toString())).isEmpty();
    assertThat(other.findWarning(List.of("/no/such/program"), "")).isEmpty();
  }

  @Test
  void processOfAnotherUser_isForeign() {
    long self = ProcessHandle.current().pid();
    assertThat(SignalRights.ofThisProcess().isForeign(self)).isFalse();
    assertThat(other.isForeign(self)).isTrue();
    assertThat(new SignalRights(0).isForeign(self)).isFalse();
    assertThat(other.isForeign(Integer.MAX_VALUE)).as("nobody").isFalse();
  }

  private Path program(String name, int mode) throws IOException {
    Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n");
    Files.setAttribute(file, "unix:mode", mode);
    return file;
  }
}
