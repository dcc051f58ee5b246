/**
 * The connection to the ensemble: settings, ZooKeeper's client, the gate that all requests pass,
 * the names of all nodes, error mapping, the ensemble's clock, and the registry of living replicas.
 */
@NullMarked
package dev.fencepost.backend.zookeeper.client;

import org.jspecify.annotations.NullMarked;
