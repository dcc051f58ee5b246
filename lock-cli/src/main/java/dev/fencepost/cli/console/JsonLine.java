package dev.fencepost.cli.console;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;

/** Messages as proto3-JSON, one line each, with the fields that have their default value. */
public final class JsonLine {
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().alwaysPrintFieldsWithNoPresence().omittingInsignificantWhitespace();

  private JsonLine() {}

  public static String of(MessageOrBuilder message) {
    try {
      return PRINTER.print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a message without Any can always be printed", e);
    }
  }

  /** The message with a member of its own before the others; neither needs to be escaped. */
  public static String with(String name, String value, MessageOrBuilder message) {
    String json = of(message);
    String member = "{\"" + name + "\":\"" + value + "\"";
    return json.equals("{}") ? member + "}" : member + "," + json.substring(1);
  }
}
