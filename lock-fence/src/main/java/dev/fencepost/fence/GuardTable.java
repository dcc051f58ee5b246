package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;

/** Raises marks in a running transaction, in the way of one kind of database. */
interface GuardTable {

  /**
   * Raises the mark to the token unless it is higher, and keeps its row locked.
   *
   * @return the mark afterwards: the token itself, or the higher mark that was there
   */
  long advance(Connection transaction, ResourceName resource, long token) throws SQLException;
}
