package dev.fencepost.client.internal.lock;

import dev.fencepost.client.Jeopardy;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.time.ClientFutures;
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
 * The user's handle of a {@link HeldLock}. It holds the user's actions, so that an action with a
 * reference to the handle does not keep a forgotten handle reachable.
 */
final class LockHandleImpl implements LockHandle {
  private final CallbackExecutor callbacks;
  private @Nullable HeldLock heldLock;
  private @Nullable List<Consumer<GrantLoss>> onLost;
  private @Nullable List<Consumer<Jeopardy>> onJeopardy;
  private volatile @Nullable List<Runnable> onRenewed;
  private @Nullable Runnable immediateLossAction;
  private @Nullable GrantLoss notifiedLoss;

  LockHandleImpl(CallbackExecutor callbacks) {
    this.callbacks = callbacks;
  }

  /** Called once, before the handle is published. */
  void attach(HeldLock lock) {
    heldLock = lock;
  }

  @Override
  public String name() {
    return heldLock().ref().lock().value();
  }

  @Override
  public GrantRef grant() {
    return heldLock().ref();
  }

  @Override
  public FencingToken token() {
    return heldLock().ref().token();
  }

  @Override
  public State state() {
    return heldLock().state();
  }

  @Override
  public boolean isHeld() {
    State now = state();
    return now == State.HELD || now == State.JEOPARDY;
  }

  @Override
  public Duration remaining() {
    return heldLock().remaining();
  }

  @Override
  public FencingToken requireHeld() {
    if (!isHeld()) {
      throw new LockLostException(heldLock().ref().lock(), heldLock().loss());
    }
    return token();
  }

  @Override
  public LockHandle onJeopardy(Consumer<Jeopardy> action) {
    synchronized (this) {
      onJeopardy = append(onJeopardy, action);
    }
    return this;
  }

  @Override
  public LockHandle onLost(Consumer<GrantLoss> action) {
    GrantLoss loss;
    synchronized (this) {
      loss = notifiedLoss;
      if (loss == null) {
        onLost = append(onLost, action);
      }
    }
    if (loss != null) {
      callbacks.execute(() -> action.accept(loss));
    }
    state();
    return this;
  }

  /** As {@link #onLost}, for a short action that must not wait for a free callback thread. */
  void onLostImmediately(Runnable action) {
    boolean isLost;
    synchronized (this) {
      isLost = notifiedLoss != null;
      immediateLossAction = action;
    }
    if (isLost) {
      action.run();
    }
    state();
  }

  @Override
  public LockHandle onRenewed(Runnable action) {
    synchronized (this) {
      onRenewed = append(onRenewed, action);
    }
    return this;
  }

  @Override
  public CompletableFuture<GrantLoss> lost() {
    // A new future for each caller: nobody may complete the future of others.
    LostFuture future = new LostFuture(this);
    onLost(future::complete);
    return future;
  }

  @Override
  public Release release() throws InterruptedException {
    return ClientFutures.awaitResult(heldLock().release(this));
  }

  @Override
  public Release release(Duration closeFor) throws InterruptedException {
    Lease.requireBetween("close_for", closeFor, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR);
    return ClientFutures.awaitResult(heldLock().release(this, closeFor));
  }

  /** Completes on the thread that receives the answer. Dependent stages must not block. */
  CompletableFuture<Release> releaseFuture() {
    return heldLock().release(this);
  }

  @Override
  public Duration renew() throws InterruptedException {
    return ClientFutures.awaitResult(heldLock().renewNow());
  }

  @Override
  public CompletableFuture<Release> releaseAsync() {
    return ClientFutures.completeOn(callbacks, heldLock().release(this));
  }

  @Override
  public GrantRef detach() {
    if (!heldLock().detach()) {
      throw new LockLostException(heldLock().ref().lock(), heldLock().loss());
    }
    return grant();
  }

  @Override
  public void close() {
    // The operation repeats itself until it is answered.
    CompletableFuture<Release> unused = heldLock().release(this);
  }

  @Override
  public String toString() {
    return name() + " " + state() + ", token " + token();
  }

  void notifyLost(GrantLoss loss) {
    List<Consumer<GrantLoss>> actions;
    Runnable first;
    synchronized (this) {
      if (notifiedLoss != null) {
        return;
      }
      notifiedLoss = loss;
      first = immediateLossAction;
      actions = onLost;
      onLost = null;
    }
    if (first != null) {
      callbacks.executeOnNewThread(first);
    }
    if (actions != null) {
      actions.forEach(action -> callbacks.execute(() -> action.accept(loss)));
    }
  }

  /** Called when the answer to the release shows that the lock had ended before. */
  void onReleasedTooLate(LossReason reason) {
    heldLock().onLost(new GrantLoss(reason, "discovered by its release", Optional.empty()));
  }

  void notifyJeopardy(Jeopardy jeopardy) {
    List<Consumer<Jeopardy>> actions;
    synchronized (this) {
      actions = onJeopardy == null ? List.of() : List.copyOf(onJeopardy);
    }
    actions.forEach(action -> callbacks.execute(() -> action.accept(jeopardy)));
  }

  void notifyRenewed() {
    if (onRenewed == null) {
      return;
    }
    List<Runnable> actions;
    synchronized (this) {
      actions = onRenewed == null ? List.of() : List.copyOf(onRenewed);
    }
    actions.forEach(callbacks::execute);
  }

  private HeldLock heldLock() {
    HeldLock mine = heldLock;
    if (mine == null) {
      throw new IllegalStateException("a handle without a held lock");
    }
    return mine;
  }

  private static <T> List<T> append(@Nullable List<T> list, T more) {
    List<T> longer = list == null ? new ArrayList<>(1) : list;
    longer.add(more);
    return longer;
  }

  /** Keeps the handle reachable, and so the lock renewed, while somebody waits for its loss. */
  private static final class LostFuture extends CompletableFuture<GrantLoss> {
    @SuppressWarnings({"unused", "FieldCanBeLocal"}) // It only keeps the handle reachable.
    private final LockHandleImpl handle;

    LostFuture(LockHandleImpl handle) {
      this.handle = handle;
    }
  }
}
