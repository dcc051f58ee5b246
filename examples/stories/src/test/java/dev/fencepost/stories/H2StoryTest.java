package dev.fencepost.stories;

import java.nio.file.Path;

class H2StoryTest extends StoryFigures {

  @Override
  String jdbcUrl(Path folder) {
    return Stories.h2Url(folder);
  }
}
