package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;

/** How one kind of database raises a mark in a transaction that is under way. */
interface GuardTable {

  /**
   * Raises the mark to the token unless it is higher, and keeps its row locked.
   *
   * @return the mark afterwards: the token itself, or the higher one that stands
   */
  long advance(Connection transaction, ResourceName resource, long token) throws SQLException;
}
