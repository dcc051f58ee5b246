/**
 * Five failures of services that share data. {@code docs/stories.md} explains them.
 *
 * <p>Read {@link dev.fencepost.stories.StockStory} first, then {@link
 * dev.fencepost.stories.NodeWork}, which takes the lock and presents its token. {@link
 * dev.fencepost.stories.StoryStage} starts the processes and orders their steps.
 */
@NullMarked
package dev.fencepost.stories;

import org.jspecify.annotations.NullMarked;
