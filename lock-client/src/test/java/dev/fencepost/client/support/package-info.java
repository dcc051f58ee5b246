/** Fixtures that the tests of the SDK share. */
package dev.fencepost.client.support;
