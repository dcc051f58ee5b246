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
 * What the user has of a {@link HeldLock}. It keeps the user's actions, so that an action which
 * knows the handle does not keep a forgotten handle alive.
 */
final class LockHandleImpl implements LockHandle {
  private final CallbackExecutor callbacks;
  private @Nullable HeldLock heldLock;
  private @Nullable List<Consumer<GrantLoss>> onLost;
  private @Nullable List<Consumer<Jeopardy>> onJeopardy;
  private volatile @Nullable List<Runnable> onRenewed;
  private @Nullable Runnable lostAtOnce;
  private @Nullable GrantLoss told;

  LockHandleImpl(CallbackExecutor callbacks) {
    this.callbacks = callbacks;
  }

  /** Once, before anybody else sees it. */
  void holds(HeldLock what) {
    heldLock = what;
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
    return ClientFutures.forAnswer(heldLock().release(this));
  }

  @Override
  public Release release(Duration closeFor) throws InterruptedException {
    Lease.requireBetween("close_for", closeFor, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR);
    return ClientFutures.forAnswer(heldLock().release(this, closeFor));
  }

  /** Completes on the thread that learns of the answer; what follows there must not block. */
  CompletableFuture<Release> releaseNow() {
    return heldLock().release(this);
  }

  @Override
  public Duration renew() throws InterruptedException {
    return ClientFutures.forAnswer(heldLock().renewNow());
  }

  @Override
  public CompletableFuture<Release> releaseAsync() {
    return ClientFutures.on(callbacks, heldLock().release(this));
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
    // Repeated by itself until it is answered.
    CompletableFuture<Release> unused = heldLock().release(this);
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
    heldLock().lost(new GrantLoss(reason, "found out by its release", Optional.empty()));
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

  private HeldLock heldLock() {
    HeldLock mine = heldLock;
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
    private final LockHandleImpl handle;

    LostFuture(LockHandleImpl handle) {
      this.handle = handle;
    }
  }
}
