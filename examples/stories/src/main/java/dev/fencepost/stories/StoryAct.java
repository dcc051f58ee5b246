package dev.fencepost.stories;

/** One of the four ways in which each story is played. */
enum StoryAct {
  /** All nodes read, then all write. */
  NO_LOCK("without a lock", false),
  /** Each node reads and writes under the lock. */
  LOCK("with a lock", true),
  /** As {@link #LOCK}, and the first node is paused until its lease has ended. */
  LOCK_AND_PAUSE("with a lock, and a pause", false),
  /** As {@link #LOCK_AND_PAUSE}, and each transaction presents the token of the lock. */
  FENCE_AND_PAUSE("with the fence, and a pause", true);

  private final String title;
  private final boolean right;

  StoryAct(String title, boolean right) {
    this.title = title;
    this.right = right;
  }

  /** Returns the words for people. */
  String title() {
    return title;
  }

  /** Whether the data is right at the end. */
  boolean isRight() {
    return right;
  }

  boolean hasLock() {
    return this != NO_LOCK;
  }

  boolean hasPause() {
    return this == LOCK_AND_PAUSE || this == FENCE_AND_PAUSE;
  }

  boolean hasFence() {
    return this == FENCE_AND_PAUSE;
  }
}
