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
 * The difference between two states of the wire API, as far as it hurts somebody who was built
 * against the former: in binary, in JSON or in generated code. Additions hurt nobody.
 */
final class WireCompatibility {
  private final List<String> breaks = new ArrayList<>();

  private WireCompatibility() {}

  /** One line for each break, empty if there is none; files of other packages do not count. */
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
    same(at, "package", before, now, FileDescriptorProto::getPackage);
    same(at, "syntax", before, now, FileDescriptorProto::getSyntax);
    same(at, "Java package", before, now, file -> file.getOptions().getJavaPackage());
    same(at, "Java files", before, now, file -> file.getOptions().getJavaMultipleFiles());
    same(at, "Go package", before, now, file -> file.getOptions().getGoPackage());
    same(at, "C# namespace", before, now, file -> file.getOptions().getCsharpNamespace());
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
              other -> field(before, field, now, other), () -> fieldIsGone(at, field, now));
    }
    messages(at, before.getNestedTypeList(), now.getNestedTypeList());
    enums(at, before.getEnumTypeList(), now.getEnumTypeList());
  }

  private void fieldIsGone(String at, FieldDescriptorProto field, DescriptorProto now) {
    String name = at + "." + field.getName();
    find(now.getFieldList(), other -> other.getName().equals(field.getName()))
        .ifPresentOrElse(
            other ->
                broken(name, "number changed: " + field.getNumber() + " → " + other.getNumber()),
            () -> broken(name, "removed"));
  }

  private void field(
      DescriptorProto inBefore,
      FieldDescriptorProto before,
      DescriptorProto inNow,
      FieldDescriptorProto now) {
    String at = inBefore.getName() + "." + before.getName();
    same(at, "name", before, now, FieldDescriptorProto::getName);
    same(at, "JSON name", before, now, FieldDescriptorProto::getJsonName);
    same(at, "type", before, now, field -> field.getType() + field.getTypeName());
    same(at, "label", before, now, FieldDescriptorProto::getLabel);
    same(at, "presence", before, now, FieldDescriptorProto::getProto3Optional);
    same(at, "packing", before, now, WireCompatibility::packing);
    same(at, "jstype", before, now, field -> field.getOptions().getJstype());
    changed(at, "oneof", oneof(inBefore, before), oneof(inNow, now));
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
              other -> same(at, "number", value, other, EnumValueDescriptorProto::getNumber),
              () -> broken(at, "removed"));
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
    same(at, "request", before, now, MethodDescriptorProto::getInputType);
    same(at, "response", before, now, MethodDescriptorProto::getOutputType);
    same(at, "client streaming", before, now, MethodDescriptorProto::getClientStreaming);
    same(at, "server streaming", before, now, MethodDescriptorProto::getServerStreaming);
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
              () -> broken(what + " " + name.apply(old), "removed"));
    }
  }

  private static <T> Optional<T> find(List<T> all, Predicate<T> wanted) {
    return all.stream().filter(wanted).findFirst();
  }

  private <T> void same(String at, String what, T before, T now, Function<T, Object> property) {
    changed(at, what, property.apply(before), property.apply(now));
  }

  private void changed(String at, String what, Object before, Object now) {
    if (!before.equals(now)) {
      broken(at, what + " changed: " + before + " → " + now);
    }
  }

  private void broken(String at, String how) {
    breaks.add(at + ": " + how);
  }
}
