package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** A failure of services that share data in one SQL database. Immutable. */
interface Story {

  /** Returns the failure in a few words. */
  String title();

  /** Returns the name of the lock. It is also the resource of the fence. */
  String lock();

  /** Returns who shares the data, without spaces. The first one reads first and writes last. */
  List<String> nodes();

  /** Returns the statements that make the data as it is before the story. */
  List<String> preparation();

  /**
   * Does the work of one node: reads, decides, writes.
   *
   * @throws dev.fencepost.fence.StaleTokenException if the fence refused a transaction
   */
  void work(NodeWork node) throws SQLException;

  /** Returns what the data says at the end, for example {@code sold 2 of 1}. */
  String figure(Connection database) throws SQLException;

  /** Returns the figure that the data should have at the end. */
  String rightFigure();
}
