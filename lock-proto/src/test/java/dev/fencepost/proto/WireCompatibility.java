package dev.fencepost.proto;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Compares two versions of the wire API and finds each change that breaks a client built against
 * the former version, in binary, in JSON or in generated code. Additions break no client.
 */
final class WireCompatibility {
  private final List<String> breaks = new ArrayList<>();

  private WireCompatibility() {}

  /** One line for each break; empty if there is none. Files of other packages are ignored. */
  static List<String> breaks(FileDescriptorSet before, FileDescriptorSet now) {
    WireCompatibility comparison = new WireCompatibility();
    comparison.each("file", ours(before), ours(now), file -> file.getName(), comparison::file);
    return List.copyOf(comparison.breaks);
  }

  private static List<FileDescriptorProto> ours(FileDescriptorSet set) {
    Predicate<FileDescriptorProto> ours = file -> file.getName().startsWith("fencepost/");
    return set.getFileList().stream().filter(ours).toList();
  }

  private void file(FileDescriptorProto before, FileDescriptorProto now) {
    String at = before.getName();
    compare(at, "package", before, now, FileDescriptorProto::getPackage);
    compare(at, "syntax", before, now, FileDescriptorProto::getSyntax);
    compare(at, "Java package", before, now, file -> file.getOptions().getJavaPackage());
    compare(at, "Java files", before, now, file -> file.getOptions().getJavaMultipleFiles());
    compare(at, "Go package", before, now, file -> file.getOptions().getGoPackage());
    compare(at, "C# namespace", before, now, file -> file.getOptions().getCsharpNamespace());
    messages(at, before.getMessageTypeList(), now.getMessageTypeList());
    enums(at, before.getEnumTypeList(), now.getEnumTypeList());
    each(
        at + " service",
        before.getServiceList(),
        now.getServiceList(),
        ServiceDescriptorProto::getName,
        this::service);
  }

  private void messages(String at, List<DescriptorProto> before, List<DescriptorProto> now) {
    each(at + " message", before, now, DescriptorProto::getName, this::message);
  }

  private void message(DescriptorProto before, DescriptorProto now) {
    String at = before.getName();
    for (FieldDescriptorProto field : before.getFieldList()) {
      find(now.getFieldList(), other -> other.getNumber() == field.getNumber())
          .ifPresentOrElse(
              other -> field(before, field, now, other), () -> reportMissingField(at, field, now));
    }
    messages(at, before.getNestedTypeList(), now.getNestedTypeList());
    enums(at, before.getEnumTypeList(), now.getEnumTypeList());
  }

  private void reportMissingField(String at, FieldDescriptorProto field, DescriptorProto now) {
    String name = at + "." + field.getName();
    find(now.getFieldList(), other -> other.getName().equals(field.getName()))
        .ifPresentOrElse(
            other ->
                reportBreak(
                    name, "number changed: " + field.getNumber() + " → " + other.getNumber()),
            () -> reportBreak(name, "removed"));
  }

  private void field(
      DescriptorProto inBefore,
      FieldDescriptorProto before,
      DescriptorProto inNow,
      FieldDescriptorProto now) {
    String at = inBefore.getName() + "." + before.getName();
    compare(at, "name", before, now, FieldDescriptorProto::getName);
    compare(at, "JSON name", before, now, FieldDescriptorProto::getJsonName);
    compare(at, "type", before, now, field -> field.getType() + field.getTypeName());
    compare(at, "label", before, now, FieldDescriptorProto::getLabel);
    compare(at, "presence", before, now, FieldDescriptorProto::getProto3Optional);
    compare(at, "packing", before, now, WireCompatibility::packing);
    compare(at, "jstype", before, now, field -> field.getOptions().getJstype());
    compareValues(at, "oneof", oneof(inBefore, before), oneof(inNow, now));
  }

  private static String packing(FieldDescriptorProto field) {
    return field.getOptions().hasPacked() ? "packed=" + field.getOptions().getPacked() : "default";
  }

  private static String oneof(DescriptorProto message, FieldDescriptorProto field) {
    return field.hasOneofIndex() && !field.getProto3Optional()
        ? message.getOneofDecl(field.getOneofIndex()).getName()
        : "none";
  }

  private void enums(String at, List<EnumDescriptorProto> before, List<EnumDescriptorProto> now) {
    each(at + " enum", before, now, EnumDescriptorProto::getName, this::enumeration);
  }

  private void enumeration(EnumDescriptorProto before, EnumDescriptorProto now) {
    for (EnumValueDescriptorProto value : before.getValueList()) {
      String at = before.getName() + "." + value.getName();
      find(now.getValueList(), other -> other.getName().equals(value.getName()))
          .ifPresentOrElse(
              other -> compare(at, "number", value, other, EnumValueDescriptorProto::getNumber),
              () -> reportBreak(at, "removed"));
    }
  }

  private void service(ServiceDescriptorProto before, ServiceDescriptorProto now) {
    each(
        before.getName() + " rpc",
        before.getMethodList(),
        now.getMethodList(),
        MethodDescriptorProto::getName,
        (old, other) -> rpc(before.getName() + "." + old.getName(), old, other));
  }

  private void rpc(String at, MethodDescriptorProto before, MethodDescriptorProto now) {
    compare(at, "request", before, now, MethodDescriptorProto::getInputType);
    compare(at, "response", before, now, MethodDescriptorProto::getOutputType);
    compare(at, "client streaming", before, now, MethodDescriptorProto::getClientStreaming);
    compare(at, "server streaming", before, now, MethodDescriptorProto::getServerStreaming);
  }

  private <T> void each(
      String what,
      List<T> before,
      List<T> now,
      Function<T, String> name,
      BiConsumer<T, T> comparison) {
    Map<String, T> byName = now.stream().collect(Collectors.toMap(name, Function.identity()));
    for (T old : before) {
      Optional.ofNullable(byName.get(name.apply(old)))
          .ifPresentOrElse(
              other -> comparison.accept(old, other),
              () -> reportBreak(what + " " + name.apply(old), "removed"));
    }
  }

  private static <T> Optional<T> find(List<T> all, Predicate<T> condition) {
    return all.stream().filter(condition).findFirst();
  }

  private <T> void compare(String at, String what, T before, T now, Function<T, Object> property) {
    compareValues(at, what, property.apply(before), property.apply(now));
  }

  private void compareValues(String at, String what, Object before, Object now) {
    if (!before.equals(now)) {
      reportBreak(at, what + " changed: " + before + " → " + now);
    }
  }

  private void reportBreak(String at, String how) {
    breaks.add(at + ": " + how);
  }
}
