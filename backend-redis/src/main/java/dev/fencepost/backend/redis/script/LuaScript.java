package dev.fencepost.backend.redis.script;

import java.util.List;

/** The scripts, each put together from resource files of this package. */
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

  /** Whether it may run when the store's memory is full: it frees some, or needs little. */
  boolean runsWhenFull() {
    return whenFull;
  }

  /**
   * Whether it puts tokens in front of a bucket's list, which would hide that others are missing:
   * only a run of Redis that this replica has settled the bucket with may do so.
   */
  boolean isBoundToRun() {
    return parts().contains("token");
  }

  /** The files that it is made of, without their ending. */
  public List<String> parts() {
    return List.of(parts.split(" ", -1));
  }
}
