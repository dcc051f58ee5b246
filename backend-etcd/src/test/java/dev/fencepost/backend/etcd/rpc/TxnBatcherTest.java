package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Requests beside one that has no key, and after a batch whose reply has too few answers. */
final class TxnBatcherTest {
  private static final CallDeadline DEADLINE = CallDeadline.in(Duration.ofMinutes(5));

  private final List<CompletableFuture<EtcdReply<TxnResponse>>> sent = new ArrayList<>();
  private final TxnBatcher<String, Integer> batcher =
      new TxnBatcher<>(
          new NumberedAnswers(),
          new TxnBatcher.Limits(2, 1, 10),
          (request, connection, deadline) -> {
            CompletableFuture<EtcdReply<TxnResponse>> reply = new CompletableFuture<>();
            sent.add(reply);
            return reply;
          },
          new TxnCounters());
  private int missingAnswers;

  @Test
  void requestWithoutKey_failsAlone() {
    List<CompletableFuture<Integer>> keyless = new ArrayList<>();
    CompletableFuture<Integer> first = submit("first");
    CompletableFuture<Integer> second = submit("second");
    Throwable thrown = catchThrowable(() -> keyless.add(submit("")));
    CompletableFuture<Integer> third = submit("third");
    reply(0);

    assertThat(sent).as("transactions").hasSize(2);
    reply(1);
    assertThat(List.of(first, second, third)).allMatch(CompletableFuture::isDone);
    assertThat(thrown).isNull();
    assertThat(keyless.get(0)).isCompletedExceptionally();
  }

  @Test
  void requestWithoutKey_doesNotKeepTheNextOne() {
    Throwable thrown = catchThrowable(() -> submit(""));
    CompletableFuture<Integer> next = submit("next");

    assertThat(sent).as("transactions").hasSize(1);
    assertThat(thrown).isNull();
    reply(0);
    assertThat(next).isCompletedWithValue(0);
  }

  @Test
  void tooFewAnswers_failTheirBatch_andTheNextOneIsSent() {
    CompletableFuture<Integer> first = submit("first");
    CompletableFuture<Integer> second = submit("second");
    CompletableFuture<Integer> third = submit("third");
    CompletableFuture<Integer> next = submit("next");
    reply(0);
    missingAnswers = 1;
    reply(1);
    missingAnswers = 0;

    assertThat(first).isCompletedWithValue(0);
    assertThat(sent).as("transactions").hasSize(3);
    assertThat(second).isCompletedExceptionally();
    assertThat(third).isCompletedExceptionally();
    reply(2);
    assertThat(next).isCompletedWithValue(0);
  }

  private CompletableFuture<Integer> submit(String request) {
    return batcher.submit(request, DEADLINE).toCompletableFuture();
  }

  private void reply(int transaction) {
    sent.get(transaction).complete(new EtcdReply<>(TxnResponse.getDefaultInstance(), 1));
  }

  /** Answers each request with its place in the batch. An empty request has no key. */
  private final class NumberedAnswers implements TxnBatcher.Batching<String, Integer> {
    @Override
    public ByteString key(String request) {
      if (request.isEmpty()) {
        throw new IllegalStateException("thrown by the test");
      }
      return ByteString.copyFromUtf8(request);
    }

    @Override
    public TxnRequest join(List<String> requests) {
      return TxnRequest.getDefaultInstance();
    }

    @Override
    public List<Integer> split(int requests, EtcdReply<TxnResponse> reply) {
      return IntStream.range(0, requests - missingAnswers).boxed().toList();
    }
  }
}
