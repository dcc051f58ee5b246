package dev.fencepost.backend.redis.script;

import java.util.List;

/** The Lua scripts. Each is composed of resource files of this package. */
public enum LuaScript {
  ACQUIRE(false, "acquire_free lock_record bucket_tokens next_token grant_lock acquire"),
  HAND_OVER(true, "lock_record bucket_tokens next_token grant_lock hand_over"),
  RELEASE(true, "release_unqueued lock_record release"),
  CLOSE(true, "lock_record bucket_tokens next_token close_lock"),
  RENEW(true, "renew_one lock_record bucket_tokens next_token renew_batch"),
  FORCE_RELEASE(true, "lock_record bucket_tokens next_token force_release"),
  LEAVE(true, "lock_record leave_queue"),
  DESCRIBE(true, "describe"),
  SETTLE(true, "bucket_tokens settle_bucket"),
  ADVANCE(false, "bucket_tokens next_token advance_mark"),
  ANNOUNCE(true, "announce_replica");

  private final boolean whenFull;
  private final String parts;

  LuaScript(boolean whenFull, String parts) {
    this.whenFull = whenFull;
    this.parts = parts;
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
    return parts().contains("next_token");
  }

  /** Returns the names of its files, without the extension. */
  public List<String> parts() {
    return List.of(parts.split(" ", -1));
  }
}
