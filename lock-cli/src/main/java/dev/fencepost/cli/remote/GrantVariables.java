package dev.fencepost.cli.remote;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Environment variables that name a grant, for later commands and for the command of {@code run}.
 */
public final class GrantVariables {
  private GrantVariables() {}

  public static Map<String, String> of(HeldGrant held, ServerPool servers) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("FENCEPOST_LOCK", held.grant().getName());
    variables.put("FENCEPOST_TOKEN", Long.toString(held.token()));
    variables.put("FENCEPOST_CLAIM", held.claim().value());
    variables.putAll(servers.connection().variables());
    return variables;
  }
}
