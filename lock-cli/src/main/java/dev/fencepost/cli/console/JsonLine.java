package dev.fencepost.cli.console;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;

/** Prints messages as proto3-JSON, one line each, including fields with their default value. */
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

  /** Prints a message with one more member in front, whose name and value need no escaping. */
  public static String with(String name, String value, MessageOrBuilder message) {
    String json = of(message);
    String member = "{\"" + name + "\":\"" + value + "\"";
    return json.equals("{}") ? member + "}" : member + "," + json.substring(1);
  }
}
