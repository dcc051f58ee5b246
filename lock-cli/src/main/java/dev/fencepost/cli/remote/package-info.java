/**
 * Calls to servers. They try one server after another; acquire, renew, release, list and watch
 * locks; and describe the answers for people.
 */
@NullMarked
package dev.fencepost.cli.remote;

import org.jspecify.annotations.NullMarked;
