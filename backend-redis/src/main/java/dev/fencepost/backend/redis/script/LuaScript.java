package dev.fencepost.backend.redis.script;

import java.util.List;

/** The Lua scripts. Each is composed of resource files of this package. */
public enum LuaScript {
  ACQUIRE(false, "acquire_free record bucket token attempt acquire"),
  HAND_OVER(true, "record bucket token attempt hand_over"),
  RELEASE(true, "release_alone record release"),
  CLOSE(true, "record bucket token close"),
  RENEW(true, "renew_one record bucket token renew"),
  FORCE_RELEASE(true, "record bucket token force_release"),
  LEAVE(true, "record leave"),
  DESCRIBE(true, "describe"),
  SETTLE(true, "bucket settle"),
  ADVANCE(false, "bucket token advance"),
  ANNOUNCE(true, "announce");

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
    return parts().contains("token");
  }

  /** Returns the names of its files, without the extension. */
  public List<String> parts() {
    return List.of(parts.split(" ", -1));
  }
}
