package dev.fencepost.server;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.limit.ClientQuota;
import dev.fencepost.server.transport.ConnectionQuota;
import java.net.SocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits the connections of each address.
 *
 * @param connections quota in which they are counted
 */
record AddressQuota(ClientQuota connections) implements ConnectionQuota {
  private static final Logger LOG = LoggerFactory.getLogger(AddressQuota.class);

  @Override
  public boolean tryTake(SocketAddress peer) {
    try {
      connections.take(CallerIdentity.of(peer).client(), 1);
      return true;
    } catch (OverLimitException e) {
      LOG.debug("a connection of {} is refused", peer, e);
      return false;
    }
  }

  @Override
  public void giveBack(SocketAddress peer) {
    connections.giveBack(CallerIdentity.of(peer).client(), 1);
  }
}
