package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.cli.remote.LockText;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code server}: runs a server, with settings given on the command line. */
final class ServerSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Runs a server: without any setting, on 127.0.0.1:7420 with its store in"
                + " ./fencepost-data.");
    CommandOptions.value(spec, "--store", "URI", "The store of the locks.");
    CommandOptions.value(spec, "--config", "F", "A YAML file with settings.");
    CommandOptions.flag(
        spec, "--check", "Check the settings, print what is wrong with them, and exit.");
    // Every other key is passed on. The server knows its keys and reports unknown ones.
    spec.parser().unmatchedArgumentsAllowed(true);
    spec.usageMessage()
        .footer("Any other setting of the server is given as --KEY=VALUE or --KEY VALUE.");
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT);
  }

  @Override
  public Reach reach() {
    return Reach.LOCAL;
  }

  @Override
  public int run(CommandInvocation invocation) {
    Map<String, String> settings = new LinkedHashMap<>();
    invocation.text("--config").ifPresent(file -> settings.put("config", file));
    invocation.text("--store").ifPresent(uri -> settings.put("store", uri));
    settings.putAll(settings(invocation.unmatched()));
    return invocation.has("--check") ? ServerEntry.check(settings) : ServerEntry.run(settings);
  }

  /** The value of a setting follows an equals sign, or is the next word. */
  private static Map<String, String> settings(List<String> words) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      int equals = word.indexOf('=');
      boolean isSplit = equals < 0 && i + 1 < words.size() && !words.get(i + 1).startsWith("--");
      int end = isSplit ? word.length() : equals;
      if (!word.startsWith("--") || end < "--k".length()) {
        throw new UsageException(
            LockText.printable(word) + " is not a setting: --KEY=VALUE or --KEY VALUE");
      }
      settings.put(word.substring(2, end), isSplit ? words.get(++i) : word.substring(end + 1));
    }
    return settings;
  }
}
