package dev.fencepost.backend.redis.script;

import static io.lettuce.core.ScriptOutputType.MULTI;
import static io.lettuce.core.ScriptOutputType.VALUE;

import io.lettuce.core.ScriptOutputType;
import java.util.List;

/** The Lua scripts. Each is composed of resource files of this package. */
public enum LuaScript {
  ACQUIRE(
      VALUE,
      false,
      "acquire_free grant_maker lock_record bucket_tokens next_token grant_lock acquire"),
  HAND_OVER(VALUE, true, "grant_maker lock_record bucket_tokens next_token grant_lock hand_over"),
  RELEASE(VALUE, true, "grant_maker release_unqueued lock_record release"),
  CLOSE(VALUE, true, "grant_maker lock_record bucket_tokens next_token close_lock"),
  RENEW(MULTI, true, "grant_maker renew_one lock_record bucket_tokens next_token renew_batch"),
  FORCE_RELEASE(VALUE, true, "lock_record bucket_tokens next_token force_release"),
  LEAVE(VALUE, true, "lock_record leave_queue"),
  DESCRIBE(MULTI, true, "describe"),
  SETTLE(VALUE, true, "bucket_tokens settle_bucket"),
  ADVANCE(VALUE, false, "bucket_tokens next_token advance_mark"),
  ANNOUNCE(MULTI, true, "announce_replica");

  private final ScriptOutputType output;
  private final boolean whenFull;
  private final String parts;

  LuaScript(ScriptOutputType output, boolean whenFull, String parts) {
    this.output = output;
    this.whenFull = whenFull;
    this.parts = parts;
  }

  /** Returns whether it replies with one text or with several. */
  ScriptOutputType output() {
    return output;
  }

  /** True if it may run when the store's memory is full, since it frees some or needs little. */
  boolean runsWhenFull() {
    return whenFull;
  }

  /**
   * True if it puts tokens in front of a bucket's list. This would hide that others are missing, so
   * it may run only in the run of Redis that this replica has settled the bucket with.
   */
  boolean isBoundToRun() {
    return parts.contains("next_token");
  }

  /** Returns the names of its files, without the extension. */
  public List<String> parts() {
    return List.of(parts.split(" ", -1));
  }
}
