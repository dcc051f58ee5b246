package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Questions that wait for etcd, in the order in which they came. What waits when a transaction may
 * be sent travels in it together, never two questions about one key: all comparisons see the state
 * before the transaction. Nothing waits for a batch to fill.
 *
 * <p>A batch that is refused as a whole is repeated one by one, so that a question fails for its
 * own sake only. Safe for use by many threads.
 */
final class TxnBatcher<Q, A> {
  private static final int SCANNED_PER_QUESTION = 8;
  private static final int MOST_ALONE = 64;

  private final Form<Q, A> form;
  private final Sender sender;
  private final TxnCounters traffic;
  private final int capacity;
  private final Deque<Waiting<Q, A>> waiting = new ArrayDeque<>();
  private int batchSize;
  private int allowed;
  private int underWay;
  private boolean pumping;
  private boolean pumpAgain;

  /** How questions become a transaction, and its answer theirs. */
  interface Form<Q, A> {

    /** Questions with the same key never share a transaction. */
    ByteString key(Q question);

    TxnRequest join(List<Q> questions);

    /** The only connection over which they may go. */
    default long connection(List<Q> questions) {
      return EtcdConnections.ANY_CONNECTION;
    }

    /** The answers, in the order of the questions. */
    List<A> split(int questions, EtcdReply<TxnResponse> reply);
  }

  /** Sends a transaction over that connection only. */
  @FunctionalInterface
  interface Sender {
    CompletionStage<EtcdReply<TxnResponse>> send(
        TxnRequest request, long connection, CallDeadline deadline);
  }

  /**
   * How much goes at once.
   *
   * @param batchSize most questions in a transaction
   * @param underWay most transactions under way
   * @param capacity most questions that wait
   */
  record Terms(int batchSize, int underWay, int capacity) {}

  TxnBatcher(Form<Q, A> form, Terms terms, Sender sender, TxnCounters traffic) {
    this.form = form;
    this.sender = sender;
    this.traffic = traffic;
    this.capacity = terms.capacity();
    this.batchSize = terms.batchSize();
    this.allowed = allowed(terms.batchSize(), terms.underWay());
  }

  /** Asks; the answer comes before the deadline or not at all. */
  CompletionStage<A> ask(Q question, CallDeadline deadline) {
    Waiting<Q, A> mine = new Waiting<>(question, deadline, false, new CompletableFuture<>());
    synchronized (this) {
      if (waiting.size() >= capacity) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for etcd"));
      }
      waiting.addLast(mine);
    }
    pump();
    return mine.answer();
  }

  private record Waiting<Q, A>(
      Q question, CallDeadline deadline, boolean alone, CompletableFuture<A> answer) {

    Waiting<Q, A> repeatedAlone() {
      return new Waiting<>(question, deadline, true, answer);
    }
  }

  /** Single questions fill no batches, so more of them must be under way. */
  private static int allowed(int batchSize, int underWay) {
    return batchSize == 1 ? Math.max(underWay, MOST_ALONE) : underWay;
  }

  /** One thread at a time: a call that fails at once comes back here from within its sending. */
  private void pump() {
    synchronized (this) {
      if (pumping) {
        pumpAgain = true;
        return;
      }
      pumping = true;
    }
    List<Waiting<Q, A>> batch = nextOrStop();
    while (!batch.isEmpty()) {
      send(batch);
      batch = nextOrStop();
    }
  }

  private synchronized List<Waiting<Q, A>> nextOrStop() {
    List<Waiting<Q, A>> batch = next();
    while (batch.isEmpty() && pumpAgain) {
      pumpAgain = false;
      batch = next();
    }
    pumping = !batch.isEmpty();
    return batch;
  }

  private void send(List<Waiting<Q, A>> batch) {
    CallDeadline latest = batch.get(0).deadline();
    for (Waiting<Q, A> each : batch) {
      latest = latest.orLater(each.deadline());
    }
    traffic.sent(batch.size());
    CallDeadline deadline = latest;
    List<Q> questions = questions(batch);
    AsyncCalls.of(() -> sender.send(form.join(questions), form.connection(questions), deadline))
        .whenComplete(
            (reply, error) -> {
              synchronized (this) {
                underWay--;
              }
              if (error == null) {
                answer(batch, reply);
              } else {
                failed(batch, error);
              }
              pump();
            });
  }

  private static <Q, A> List<Q> questions(List<Waiting<Q, A>> batch) {
    return batch.stream().map(Waiting::question).toList();
  }

  private void answer(List<Waiting<Q, A>> batch, EtcdReply<TxnResponse> reply) {
    List<A> answers;
    try {
      answers = form.split(batch.size(), reply);
    } catch (RuntimeException e) {
      batch.forEach(each -> each.answer().completeExceptionally(e));
      return;
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).answer().complete(answers.get(i));
    }
  }

  private void failed(List<Waiting<Q, A>> batch, Throwable error) {
    boolean refused =
        EtcdException.in(error).filter(t -> t.kind() != EtcdException.Kind.UNANSWERED).isPresent();
    if (!refused || batch.size() == 1) {
      batch.forEach(each -> each.answer().completeExceptionally(error));
      return;
    }
    synchronized (this) {
      if (EtcdException.is(error, EtcdException.Kind.TOO_LARGE)) {
        batchSize = Math.max(1, batch.size() / 2);
        allowed = allowed(batchSize, allowed);
      }
      for (int i = batch.size() - 1; i >= 0; i--) {
        waiting.addFirst(batch.get(i).repeatedAlone());
      }
    }
  }

  /** Takes the next batch out, if one more may be under way. */
  private List<Waiting<Q, A>> next() {
    if (underWay >= allowed || waiting.isEmpty()) {
      return List.of();
    }
    List<Waiting<Q, A>> batch = new ArrayList<>(Math.min(waiting.size(), batchSize));
    Deque<Waiting<Q, A>> passedOver = new ArrayDeque<>();
    Set<ByteString> keys = new HashSet<>();
    int scanned = 0;
    boolean full = false;
    while (!full && !waiting.isEmpty() && scanned++ < batchSize * SCANNED_PER_QUESTION) {
      Waiting<Q, A> each = waiting.removeFirst();
      if (each.deadline().isOver()) {
        each.answer().completeExceptionally(EtcdException.timeout());
      } else if (each.alone() && !batch.isEmpty()) {
        passedOver.addLast(each);
        full = true;
      } else if (keys.add(form.key(each.question()))) {
        batch.add(each);
        full = each.alone() || batch.size() >= batchSize;
      } else {
        passedOver.addLast(each);
      }
    }
    while (!passedOver.isEmpty()) {
      waiting.addFirst(passedOver.removeLast());
    }
    if (!batch.isEmpty()) {
      underWay++;
    }
    return batch;
  }
}
