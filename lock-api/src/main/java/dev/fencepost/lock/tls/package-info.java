/**
 * Certificates, private keys and authorities from PEM files, for servers, clients and stores: how
 * they are read, judged, and read again while the process runs.
 */
@NullMarked
package dev.fencepost.lock.tls;

import org.jspecify.annotations.NullMarked;
