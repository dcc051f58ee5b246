/** Stores and servers stall, die, go and come back; no grant is lost and none is given twice. */
package dev.fencepost.acceptance.faults;
