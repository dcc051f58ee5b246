/** The behaviours that ShedLock's own tests ask of a lock provider, on servers with real stores. */
package dev.fencepost.shedlock;
