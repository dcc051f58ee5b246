package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the user has of a {@link Holding}. It keeps the user's actions, so that an action which
 * knows the handle does not keep a forgotten handle alive.
 */
final class Handle implements LockHandle {
  private final Callbacks callbacks;
  private @Nullable Holding holding;
  private @Nullable List<Consumer<GrantLoss>> onLost;
  private @Nullable List<Consumer<Jeopardy>> onJeopardy;
  private volatile @Nullable List<Runnable> onRenewed;
  private @Nullable Runnable lostAtOnce;
  private @Nullable GrantLoss told;

  Handle(Callbacks callbacks) {
    this.callbacks = callbacks;
  }

  /** Once, before anybody else sees it. */
  void holds(Holding what) {
    holding = what;
  }

  @Override
  public String name() {
    return holding().ref().lock().value();
  }

  @Override
  public GrantRef grant() {
    return holding().ref();
  }

  @Override
  public FencingToken token() {
    return holding().ref().token();
  }

  @Override
  public State state() {
    return holding().state();
  }

  @Override
  public boolean isHeld() {
    State now = state();
    return now == State.HELD || now == State.JEOPARDY;
  }

  @Override
  public Duration remaining() {
    return holding().remaining();
  }

  @Override
  public FencingToken requireHeld() {
    if (!isHeld()) {
      throw new LockLostException(holding().ref().lock(), holding().loss());
    }
    return token();
  }

  @Override
  public LockHandle onJeopardy(Consumer<Jeopardy> action) {
    synchronized (this) {
      onJeopardy = with(onJeopardy, action);
    }
    return this;
  }

  @Override
  public LockHandle onLost(Consumer<GrantLoss> action) {
    GrantLoss already;
    synchronized (this) {
      already = told;
      if (already == null) {
        onLost = with(onLost, action);
      }
    }
    if (already != null) {
      callbacks.execute(() -> action.accept(already));
    }
    state();
    return this;
  }

  /** As {@link #onLost}, for a short action that must not wait for a free callback thread. */
  void onLostAtOnce(Runnable action) {
    boolean isTold;
    synchronized (this) {
      isTold = told != null;
      lostAtOnce = action;
    }
    if (isTold) {
      action.run();
    }
    state();
  }

  @Override
  public LockHandle onRenewed(Runnable action) {
    synchronized (this) {
      onRenewed = with(onRenewed, action);
    }
    return this;
  }

  @Override
  public CompletableFuture<GrantLoss> lost() {
    // One for each who asks: nobody may complete what others listen to.
    LostFuture future = new LostFuture(this);
    onLost(future::complete);
    return future;
  }

  @Override
  public Release release() throws InterruptedException {
    return Waiting.forAnswer(holding().release(this));
  }

  @Override
  public Release release(Duration closeFor) throws InterruptedException {
    Lease.requireBetween("close_for", closeFor, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR);
    return Waiting.forAnswer(holding().release(this, closeFor));
  }

  /** Completes on the thread that learns of the answer; what follows there must not block. */
  CompletableFuture<Release> releaseNow() {
    return holding().release(this);
  }

  @Override
  public Duration renew() throws InterruptedException {
    return Waiting.forAnswer(holding().renewNow());
  }

  @Override
  public CompletableFuture<Release> releaseAsync() {
    return Waiting.on(callbacks, holding().release(this));
  }

  @Override
  public GrantRef detach() {
    if (!holding().detach()) {
      throw new LockLostException(holding().ref().lock(), holding().loss());
    }
    return grant();
  }

  @Override
  public void close() {
    // Repeated by itself until it is answered.
    CompletableFuture<Release> unused = holding().release(this);
  }

  @Override
  public String toString() {
    return name() + " " + state() + ", token " + token();
  }

  void tellLost(GrantLoss loss) {
    List<Consumer<GrantLoss>> actions;
    Runnable first;
    synchronized (this) {
      if (told != null) {
        return;
      }
      told = loss;
      first = lostAtOnce;
      actions = onLost;
      onLost = null;
    }
    if (first != null) {
      callbacks.executeAtOnce(first);
    }
    if (actions != null) {
      actions.forEach(action -> callbacks.execute(() -> action.accept(loss)));
    }
  }

  /** The answer to its release shows that the lock had ended before. */
  void releasedTooLate(LossReason reason) {
    holding().lost(new GrantLoss(reason, "found out by its release", Optional.empty()));
  }

  void tellJeopardy(Jeopardy jeopardy) {
    List<Consumer<Jeopardy>> actions;
    synchronized (this) {
      actions = onJeopardy == null ? List.of() : List.copyOf(onJeopardy);
    }
    actions.forEach(action -> callbacks.execute(() -> action.accept(jeopardy)));
  }

  void tellRenewed() {
    if (onRenewed == null) {
      return;
    }
    List<Runnable> actions;
    synchronized (this) {
      actions = onRenewed == null ? List.of() : List.copyOf(onRenewed);
    }
    actions.forEach(callbacks::execute);
  }

  private Holding holding() {
    Holding mine = holding;
    if (mine == null) {
      throw new IllegalStateException("a handle without a holding");
    }
    return mine;
  }

  private static <T> List<T> with(@Nullable List<T> list, T more) {
    List<T> longer = list == null ? new ArrayList<>(1) : list;
    longer.add(more);
    return longer;
  }

  /** Keeps the handle, and with it the lock, while somebody waits for its loss. */
  private static final class LostFuture extends CompletableFuture<GrantLoss> {
    @SuppressWarnings({"unused", "FieldCanBeLocal"}) // Being there is its use.
    private final Handle handle;

    LostFuture(Handle handle) {
      this.handle = handle;
    }
  }
}
