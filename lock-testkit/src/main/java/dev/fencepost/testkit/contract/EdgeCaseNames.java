package dev.fencepost.testkit.contract;

import dev.fencepost.lock.LockName;
import java.util.ArrayList;
import java.util.List;

/**
 * Legal names that a store, encoding, collation or pattern could confuse with each other or
 * misread. They are pairwise different locks.
 */
public final class EdgeCaseNames {

  private EdgeCaseNames() {}

  /** The names, each once. */
  public static List<String> all() {
    List<String> names = new ArrayList<>();
    names.addAll(paths());
    names.addAll(lookAlikes());
    names.addAll(patternsAndCode());
    names.addAll(edgesOfUnicode());
    names.addAll(longOnes());
    return List.copyOf(names);
  }

  /** The names as locks. */
  public static List<LockName> locks() {
    return all().stream().map(LockName::new).toList();
  }

  private static List<String> paths() {
    return List.of(
        "/",
        "//",
        "///",
        ".",
        "..",
        "../",
        "../../etc/passwd",
        "/a",
        "a/",
        "a//b",
        "a/b",
        "a/./b",
        "a/../b",
        "a%2fb",
        "a%2Fb",
        "a%252fb",
        "a\\b",
        "a:b",
        "a~b",
        "a+b",
        "a b",
        "a%20b",
        "!a",
        "@a",
        "@0000000000000001",
        "!closed-a",
        "base",
        "C:\\a",
        "zookeeper",
        "locks",
        "-a",
        "--");
  }

  private static List<String> lookAlikes() {
    return List.of(
        "a", "A", " a", "a ", "a  ", "\u00a0a", "á", "a\u0301", "Á", "ä", "a\u0308", "ae", "æ", "Å",
        "\u212b", "A\u030a", "ß", "ss", "SS", "ẞ", "ı", "i", "I", "İ", "ﬁ", "fi", "ſ", "s", "К",
        "K", "\u212a", "а", "ａ", "σ", "ς", "Σ", "a\u200b", "a\u200d", "\ufeffa", "a\u00ad", "0",
        "00", "0.0", "１", "1", "01", "1e0", "null", "NULL", "true", "あ", "ア", "ｱ");
  }

  private static List<String> patternsAndCode() {
    return List.of(
        "{a}",
        "{",
        "}",
        "}{",
        "{}a",
        "a{b}c",
        "{b}",
        "%",
        "_",
        "a%",
        "a_",
        "*",
        "?",
        "[a]",
        "a*",
        "^a$",
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "\\\\",
        "\\'",
        "\\0",
        "\\n",
        "\\u0000",
        "%00",
        "$1",
        "${a}",
        "$$",
        "#{a}",
        "a;--",
        "'; DROP TABLE fencepost_lock; --",
        "a' OR '1'='1",
        "<a>",
        "&amp;",
        "&",
        "|",
        "a\u2028b",
        "a\u2029b",
        "a=b",
        "a,b",
        "a;b",
        "a?b",
        "a#b");
  }

  private static List<String> edgesOfUnicode() {
    return List.of(
        "\uffff",
        "\ufffe",
        "\ufffd",
        "\ue000",
        "\ud7ff",
        "\ud800\udc00",
        "\udbff\udfff",
        "\ufdd0",
        "\u202ea",
        "a\u202e",
        "👩‍🚒",
        "👩🚒",
        "👩",
        "🏳️‍🌈",
        "🏳🌈",
        "e\u0301\u0323",
        "e\u0323\u0301",
        "ệ",
        "각",
        "\u1100\u1161\u11a8",
        "السلام",
        "שלום",
        "नमस्ते",
        "𝒶",
        "Ａ");
  }

  private static List<String> longOnes() {
    int bytes = LockName.MAX_BYTES;
    return List.of(
        "x".repeat(bytes),
        "x".repeat(bytes - 1),
        "x".repeat(bytes - 1) + "y",
        "y" + "x".repeat(bytes - 1),
        "🔒".repeat(bytes / 4),
        "🔒".repeat(bytes / 4 - 1) + "🔑",
        "/".repeat(bytes),
        "%".repeat(bytes),
        "'".repeat(bytes),
        "\\".repeat(bytes),
        "ü".repeat(bytes / 2),
        " ".repeat(bytes),
        " ");
  }
}
