/** The Java SDK in front of replicas that die, leave and are cut off. */
package dev.fencepost.acceptance.sdk;
