package dev.fencepost.stories;

/** What a node has to play: a line on its standard input. */
record NodeOrder(Story story, StoryAct act, String node) {

  /** Reads what {@link #line} wrote. */
  static NodeOrder parse(String line) {
    String[] words = line.split(" ", 3);
    return new NodeOrder(StoryList.named(words[0]), StoryAct.valueOf(words[1]), words[2]);
  }

  /** Whether the node waits for a word before it writes. With a lock, only the first one does. */
  boolean isHeldUp() {
    return !act.hasLock() || node.equals(story.nodes().get(0));
  }

  String line() {
    return StoryList.nameOf(story) + " " + act + " " + node;
  }
}
