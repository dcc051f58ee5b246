package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.InvalidValueException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * The servers that the user named: {@code host:port}, several separated by commas, or {@code
 * dns:///host:port}, which means every address of that name.
 *
 * @param addresses the addresses in the target
 * @param isName whether the only address is a name to be resolved
 */
public record ServerTarget(List<ReplicaAddress> addresses, boolean isName) {
  private static final String DNS = "dns:///";

  /**
   * Parses a target.
   *
   * @throws InvalidValueException if it has none of these forms
   */
  public static ServerTarget parse(String text) {
    if (text.startsWith(DNS)) {
      return new ServerTarget(List.of(ReplicaAddress.parse(text.substring(DNS.length()))), true);
    }
    return new ServerTarget(
        Arrays.stream(text.split(",", -1)).map(one -> ReplicaAddress.parse(one.strip())).toList(),
        false);
  }

  /** Returns the addresses to try. It asks the resolver for a name, which may take long. */
  public List<ReplicaAddress> resolve() throws UnknownHostException {
    if (!isName) {
      return addresses;
    }
    ReplicaAddress name = addresses.get(0);
    return Arrays.stream(InetAddress.getAllByName(name.host()))
        .map(address -> new ReplicaAddress(address.getHostAddress(), name.port()))
        .toList();
  }
}
