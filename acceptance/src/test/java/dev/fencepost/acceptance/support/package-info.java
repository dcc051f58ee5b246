/** Servers as processes, and clients whose every call is recorded, to be judged afterwards. */
package dev.fencepost.acceptance.support;
