package dev.fencepost.spring;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;

/** The address of the servers. A bean of this type wins over the property {@code target}. */
@FunctionalInterface
public interface FencepostConnectionDetails extends ConnectionDetails {
  /** Returns the target for {@link dev.fencepost.client.FencepostClient#connect}. */
  String target();
}
