package dev.fencepost.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldOptions.JSType;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares the API with the committed version, and tests that each kind of break is found. */
final class WireCompatibilityTest {
  private static final String FILE = "fencepost/v1/lock.proto";

  @Test
  void api_keepsWhatIsCommitted() {
    assertThat(WireCompatibility.breaks(committed(), built())).isEmpty();
  }

  /** A break of an addition would go unnoticed until the addition is recorded. */
  @Test
  void additions_areCommitted() throws IOException {
    if (Boolean.getBoolean("fencepost.wire.record")) {
      assertThat(WireCompatibility.breaks(committed(), built())).isEmpty();
      Files.write(Path.of("src/test/resources/fencepost-v1.desc"), built().toByteArray());
      return;
    }
    assertThat(WireCompatibility.breaks(built(), committed()))
        .as("record additions: mvn -pl lock-proto test -Dfencepost.wire.record=true")
        .isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("breaks")
  void break_isSeen(String expected, Consumer<FileDescriptorProto.Builder> mutation) {
    assertThat(WireCompatibility.breaks(built(), mutated(mutation))).containsExactly(expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("additions")
  void addition_isNoBreak(String what, Consumer<FileDescriptorProto.Builder> mutation) {
    assertThat(mutated(mutation)).as(what).isNotEqualTo(built());
    assertThat(WireCompatibility.breaks(built(), mutated(mutation))).as(what).isEmpty();
  }

  @Test
  void removedFile_isSeen() {
    FileDescriptorSet.Builder now = built().toBuilder();
    now.removeFile(indexOf(now, FILE));

    assertThat(WireCompatibility.breaks(built(), now.build()))
        .containsExactly("file " + FILE + ": removed");
  }

  static Stream<Arguments> breaks() {
    return Stream.of(fileBreaks(), fieldBreaks(), oneofBreaks(), enumBreaks(), serviceBreaks())
        .flatMap(part -> part);
  }

  private static Stream<Arguments> fileBreaks() {
    return Stream.of(
        mutation(
            FILE + ": package changed: fencepost.v1 → fencepost.v2",
            file -> file.setPackage("fencepost.v2")),
        mutation(FILE + ": syntax changed: proto3 → ", FileDescriptorProto.Builder::clearSyntax),
        mutation(
            FILE + ": Java package changed: dev.fencepost.proto.v1 → other",
            file -> file.getOptionsBuilder().setJavaPackage("other")),
        mutation(
            FILE + ": Java files changed: true → false",
            file -> file.getOptionsBuilder().setJavaMultipleFiles(false)),
        mutation(
            FILE + ": Go package changed: fencepost.dev/gen/fencepost/v1;fencepostv1 → other",
            file -> file.getOptionsBuilder().setGoPackage("other")),
        mutation(
            FILE + ": C# namespace changed: Fencepost.V1 → Other",
            file -> file.getOptionsBuilder().setCsharpNamespace("Other")),
        mutation(
            FILE + " message Waiter: removed",
            file -> file.removeMessageType(message(file, "Waiter").index())),
        mutation(
            "Holder message MetadataEntry: removed",
            file -> message(file, "Holder").builder().clearNestedType()));
  }

  private static Stream<Arguments> fieldBreaks() {
    return Stream.of(
        mutation("Waiter.owner: removed", file -> message(file, "Waiter").builder().removeField(0)),
        field("Waiter.owner: number changed: 1 → 99", "Waiter", "owner", it -> it.setNumber(99)),
        field(
            "Waiter.owner: type changed: TYPE_STRING → TYPE_BYTES",
            "Waiter",
            "owner",
            it -> it.setType(FieldDescriptorProto.Type.TYPE_BYTES)),
        field(
            "Waiter.waited: type changed: TYPE_MESSAGE.google.protobuf.Duration"
                + " → TYPE_MESSAGE.google.protobuf.Timestamp",
            "Waiter",
            "waited",
            it -> it.setTypeName(".google.protobuf.Timestamp")),
        field(
            "Waiter.owner: name changed: owner → who", "Waiter", "owner", it -> it.setName("who")),
        field(
            "Waiter.owner: JSON name changed: owner → who",
            "Waiter",
            "owner",
            it -> it.setJsonName("who")),
        field(
            "Waiter.owner: label changed: LABEL_OPTIONAL → LABEL_REPEATED",
            "Waiter",
            "owner",
            it -> it.setLabel(Label.LABEL_REPEATED)),
        field(
            "Waiter.position: packing changed: default → packed=false",
            "Waiter",
            "position",
            it -> it.getOptionsBuilder().setPacked(false)),
        field(
            "Grant.fencing_token: jstype changed: JS_STRING → JS_NORMAL",
            "Grant",
            "fencing_token",
            it -> it.getOptionsBuilder().setJstype(JSType.JS_NORMAL)),
        field(
            "ReleaseRequest.fencing_token: presence changed: true → false",
            "ReleaseRequest",
            "fencing_token",
            it -> it.clearProto3Optional().clearOneofIndex()));
  }

  private static Stream<Arguments> oneofBreaks() {
    return Stream.of(
        field(
            "RenewResponse.lost: oneof changed: result → none",
            "RenewResponse",
            "lost",
            FieldDescriptorProto.Builder::clearOneofIndex),
        mutation(
            "Waiter.owner: oneof changed: none → who",
            file -> {
              DescriptorProto.Builder waiter = message(file, "Waiter").builder();
              waiter.addOneofDeclBuilder().setName("who");
              waiter.getFieldBuilder(0).setOneofIndex(0);
            }));
  }

  private static Stream<Arguments> enumBreaks() {
    return Stream.of(
        mutation(FILE + " enum LockMode: removed", file -> file.removeEnumType(0)),
        lockMode("LockMode.LOCK_MODE_EXCLUSIVE: removed", mode -> mode.removeValue(1)),
        lockMode(
            "LockMode.LOCK_MODE_EXCLUSIVE: removed",
            mode -> mode.getValueBuilder(1).setName("LOCK_MODE_ALONE")),
        lockMode(
            "LockMode.LOCK_MODE_EXCLUSIVE: number changed: 1 → 7",
            mode -> mode.getValueBuilder(1).setNumber(7)));
  }

  private static Stream<Arguments> serviceBreaks() {
    return Stream.of(
        mutation(FILE + " service LockService: removed", file -> file.removeService(0)),
        rpc("LockService rpc Acquire: removed", it -> it.setName("Take")),
        mutation(
            "LockService rpc Acquire: removed", file -> file.getServiceBuilder(0).removeMethod(0)),
        rpc(
            "LockService.Acquire: request changed: .fencepost.v1.AcquireRequest → .other",
            it -> it.setInputType(".other")),
        rpc(
            "LockService.Acquire: response changed: .fencepost.v1.AcquireResponse → .other",
            it -> it.setOutputType(".other")),
        rpc(
            "LockService.Acquire: client streaming changed: false → true",
            it -> it.setClientStreaming(true)),
        rpc(
            "LockService.Acquire: server streaming changed: false → true",
            it -> it.setServerStreaming(true)));
  }

  static Stream<Arguments> additions() {
    return Stream.of(
        mutation("message", file -> file.addMessageTypeBuilder().setName("Added")),
        mutation(
            "field",
            file ->
                message(file, "Waiter")
                    .builder()
                    .addField(FieldDescriptorProto.newBuilder().setName("added").setNumber(100))),
        mutation(
            "field of a oneof",
            file ->
                message(file, "RenewResponse")
                    .builder()
                    .addField(
                        FieldDescriptorProto.newBuilder()
                            .setName("added")
                            .setNumber(100)
                            .setOneofIndex(0))),
        mutation("enum", file -> file.addEnumType(EnumDescriptorProto.newBuilder().setName("E"))),
        lockMode(
            "enum value",
            mode -> mode.addValue(EnumValueDescriptorProto.newBuilder().setName("X").setNumber(9))),
        mutation(
            "service", file -> file.addService(ServiceDescriptorProto.newBuilder().setName("S"))),
        mutation(
            "rpc",
            file ->
                file.getServiceBuilder(0)
                    .addMethod(MethodDescriptorProto.newBuilder().setName("Added"))));
  }

  private static Arguments mutation(String what, Consumer<FileDescriptorProto.Builder> mutation) {
    return arguments(what, mutation);
  }

  private static Arguments field(
      String what, String message, String field, Consumer<FieldDescriptorProto.Builder> mutation) {
    return mutation(
        what,
        file ->
            message(file, message).builder().getFieldBuilderList().stream()
                .filter(candidate -> candidate.getName().equals(field))
                .forEach(mutation));
  }

  private static Arguments lockMode(String what, Consumer<EnumDescriptorProto.Builder> mutation) {
    return mutation(what, file -> mutation.accept(file.getEnumTypeBuilder(0)));
  }

  private static Arguments rpc(String what, Consumer<MethodDescriptorProto.Builder> mutation) {
    return mutation(what, file -> mutation.accept(file.getServiceBuilder(0).getMethodBuilder(0)));
  }

  private record Found(int index, DescriptorProto.Builder builder) {}

  private static Found message(FileDescriptorProto.Builder file, String name) {
    for (int i = 0; i < file.getMessageTypeCount(); i++) {
      if (file.getMessageType(i).getName().equals(name)) {
        return new Found(i, file.getMessageTypeBuilder(i));
      }
    }
    throw new AssertionError("no message " + name);
  }

  private static FileDescriptorSet mutated(Consumer<FileDescriptorProto.Builder> mutation) {
    FileDescriptorSet.Builder set = built().toBuilder();
    mutation.accept(set.getFileBuilder(indexOf(set, FILE)));
    return set.build();
  }

  private static int indexOf(FileDescriptorSet.Builder set, String name) {
    for (int i = 0; i < set.getFileCount(); i++) {
      if (set.getFile(i).getName().equals(name)) {
        return i;
      }
    }
    throw new AssertionError("no file " + name);
  }

  private static FileDescriptorSet committed() {
    return read("/fencepost-v1.desc");
  }

  private static FileDescriptorSet built() {
    return read("/fencepost/v1/fencepost-v1.desc");
  }

  private static FileDescriptorSet read(String resource) {
    try (InputStream in = WireCompatibilityTest.class.getResourceAsStream(resource)) {
      return FileDescriptorSet.parseFrom(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
