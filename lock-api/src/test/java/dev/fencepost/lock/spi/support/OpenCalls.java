package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.spi.support.BatchReply.Answered;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A store that answers a lane's calls when a test says so, each request with itself, and counts
 * them. Safe for use by many threads.
 */
final class OpenCalls implements CallLane.BatchSender<String, String> {
  private final List<OpenCall> open = new ArrayList<>();
  private final List<List<String>> sent = new ArrayList<>();
  private int mostOpen;

  /** A call that waits for its answer. */
  record OpenCall(List<String> requests, CompletableFuture<List<BatchReply<String>>> answer) {}

  @Override
  public CompletionStage<List<BatchReply<String>>> send(
      List<String> requests, CallDeadline deadline) {
    OpenCall call = new OpenCall(requests, new CompletableFuture<>());
    synchronized (this) {
      sent.add(requests);
      open.add(call);
      mostOpen = Math.max(mostOpen, open.size());
    }
    return call.answer();
  }

  synchronized int mostOpen() {
    return mostOpen;
  }

  synchronized int openCount() {
    return open.size();
  }

  /** Returns the requests of all calls until now. */
  synchronized List<List<String>> sent() {
    return List.copyOf(sent);
  }

  /** Answers the oldest open call, if there is one. */
  boolean answerNext() {
    OpenCall call = poll();
    if (call != null) {
      call.answer().complete(answersOf(call.requests()));
    }
    return call != null;
  }

  /** Answers until no call is open. */
  void answerAll() {
    while (answerNext()) {
      // Each answer may cause more calls.
    }
  }

  /** Completes the oldest open call with these replies. */
  void reply(List<BatchReply<String>> replies) {
    poll().answer().complete(replies);
  }

  /** Fails the oldest open call. */
  void fail(Throwable error) {
    poll().answer().completeExceptionally(error);
  }

  static List<BatchReply<String>> answersOf(List<String> requests) {
    List<BatchReply<String>> replies = new ArrayList<>();
    requests.forEach(each -> replies.add(new Answered<>(each)));
    return replies;
  }

  private synchronized OpenCall poll() {
    return open.isEmpty() ? null : open.remove(0);
  }
}
