package dev.fencepost.acceptance.support;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The answer of a call with one answer, told to somebody before anybody else sees it. */
final class FirstAnswer<T> implements StreamObserver<T> {

  private final CompletableFuture<T> future = new CompletableFuture<>();
  private final Consumer<T> first;

  FirstAnswer(Consumer<T> first) {
    this.first = first;
  }

  CompletableFuture<T> future() {
    return future;
  }

  @Override
  public void onNext(T value) {
    first.accept(value);
    future.complete(value);
  }

  @Override
  public void onError(Throwable failure) {
    future.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    // The answer came before.
  }
}
