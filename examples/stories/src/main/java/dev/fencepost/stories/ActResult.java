package dev.fencepost.stories;

/**
 * The end of one act.
 *
 * @param figure what the data says
 * @param right whether it says what it should
 * @param refused how many attempts the fence refused
 */
record ActResult(StoryAct act, String figure, boolean right, int refused) {

  /** Whether the act ended as it is told. */
  boolean isAsTold() {
    return right == act.isRight() && refused == (act.hasFence() ? 1 : 0);
  }

  /** Returns a line for people. */
  String line() {
    String verdict = right ? "right" : "WRONG";
    String late = refused == 0 ? "" : ", " + refused + " late write refused";
    return String.format("  %-28s %s: %s%s", act.title(), verdict, figure, late);
  }
}
