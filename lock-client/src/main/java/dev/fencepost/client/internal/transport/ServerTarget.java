package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.InvalidValueException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * Where servers are found: {@code host:port}, several separated by commas, or {@code
 * dns:///host:port}, which is every address of that name.
 *
 * @param addresses what the user wrote
 * @param isName whether the one address is a name to be looked up
 */
public record ServerTarget(List<ReplicaAddress> addresses, boolean isName) {
  private static final String DNS = "dns:///";

  /** Reads what the user wrote, and throws {@link InvalidValueException} if it is none of these. */
  public static ServerTarget parse(String text) {
    if (text.startsWith(DNS)) {
      return new ServerTarget(List.of(ReplicaAddress.parse(text.substring(DNS.length()))), true);
    }
    return new ServerTarget(
        Arrays.stream(text.split(",", -1)).map(one -> ReplicaAddress.parse(one.strip())).toList(),
        false);
  }

  /** The addresses to try; asks the resolver if there is something to ask, which may take long. */
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
