package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.junit.FencepostExtension;
import dev.fencepost.junit.LockTestServer;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.spring.CurrentLock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

class LockedMethodTest {
  private static final String NAME = "orders/42";
  private static final int SECONDS = 20;

  @RegisterExtension static final FencepostExtension FENCEPOST = new FencepostExtension();

  private static ConfigurableApplicationContext application;

  private final LockTestServer server = FENCEPOST.server();
  private final LockedService service = application.getBean(LockedService.class);
  private final FencedOrders orders = application.getBean(FencedOrders.class);

  @BeforeAll
  static void start() {
    application =
        new SpringApplicationBuilder(SampleApplication.class)
            .properties("fencepost.target=" + FENCEPOST.server().target())
            .run();
  }

  @AfterAll
  static void stop() {
    application.close();
  }

  @Test
  void nameAndToken_areFilledIn() {
    FencingToken token = service.ship(42, null, null);
    assertThat(service.ship(42, null, null)).isGreaterThan(token);
  }

  @Test
  void lock_isHeldWhileTheMethodRuns() throws Exception {
    FencingToken token =
        service.work(
            NAME,
            () -> {
              assertThat(server.holderOf(NAME).orElseThrow().token())
                  .isEqualTo(CurrentLock.token());
              assertThat(CurrentLock.handle().isHeld()).isTrue();
              return CurrentLock.token();
            });
    assertThat(token).isNotNull();
    assertThatThrownBy(CurrentLock::token).isInstanceOf(IllegalStateException.class);
    assertFreeSoon();
  }

  @Test
  void innerMethod_hasItsOwnLock() throws Exception {
    service.work(
        NAME,
        () -> {
          FencingToken outer = CurrentLock.token();
          assertThat(service.<FencingToken>work("inner", CurrentLock::token)).isNotEqualTo(outer);
          assertThat(CurrentLock.token()).isEqualTo(outer);
          return true;
        });
  }

  @Test
  void takenLock_failsSkipsOrCalls() throws Exception {
    try (FencepostClient other = FencepostClient.connect(server.target());
        LockHandle held = other.lock("taken").acquire()) {
      assertThat(service.skip("taken")).isEmpty();
      assertThat(service.call("taken")).isEqualTo("instead of taken");
      assertThatThrownBy(() -> application.getBean(FailingService.class).run())
          .isInstanceOf(LockNotGrantedException.class);
      assertThat(held.isHeld()).isTrue();
    }
    assertThat(service.skip("free")).hasValue("free");
    assertThat(service.call("free-too")).isEqualTo("locked free-too");
  }

  @Test
  void lostLock_interruptsTheMethod() {
    AtomicBoolean isInterrupted = new AtomicBoolean();
    assertThatThrownBy(
            () ->
                service.work(
                    NAME,
                    () -> {
                      server.expire(NAME);
                      try {
                        return new CountDownLatch(1).await(SECONDS, TimeUnit.SECONDS);
                      } catch (InterruptedException e) {
                        isInterrupted.set(true);
                        throw e;
                      }
                    }))
        .isInstanceOf(LockLostException.class)
        .hasSuppressedException(new InterruptedException());
    assertThat(isInterrupted).isTrue();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void lostLock_rollsTheTransactionBack() throws Exception {
    assertThatThrownBy(() -> service.insert(NAME, 1, () -> lose(NAME)))
        .isInstanceOf(LockLostException.class);
    assertThat(orders.shipments(1)).isZero();
    assertThat(service.losses().poll(SECONDS, TimeUnit.SECONDS)).isNotNull();

    service.insert(NAME, 1, () -> true);
    assertThat(orders.shipments(1)).isOne();
  }

  @Test
  void ownTransaction_endsBeforeTheLock() throws Exception {
    AtomicBoolean isHeld = new AtomicBoolean();
    service.insert(NAME, 2, () -> afterCommit(() -> isHeld.set(server.holderOf(NAME).isPresent())));
    assertThat(isHeld).isTrue();
    assertFreeSoon();
  }

  @Test
  void outerTransaction_keepsTheLockUntilItsEnd() {
    transaction()
        .executeWithoutResult(
            status -> {
              assertThat(service.skip(NAME)).hasValue(NAME);
              // The client sends a release before the next claim, so this would be granted.
              CompletableFuture<Optional<String>> next =
                  CompletableFuture.supplyAsync(() -> service.skip(NAME));
              assertThat(next.orTimeout(SECONDS, TimeUnit.SECONDS).join()).isEmpty();
            });
    assertFreeSoon();
  }

  @Test
  void outerTransaction_isRolledBackIfTheLockIsLost() {
    assertThatThrownBy(
            () ->
                transaction()
                    .executeWithoutResult(
                        status -> {
                          try {
                            service.insert(NAME, 3, () -> lose(NAME));
                          } catch (Exception e) {
                            throw new IllegalStateException(e);
                          }
                        }))
        .isInstanceOf(LockLostException.class);
    assertThat(orders.shipments(3)).isZero();
  }

  @Test
  void write_isFenced() {
    server.assertFenced("orders/7", token -> orders.ship(7, token));
    assertThat(orders.shipments(7)).isOne();
  }

  @Test
  void fencedMethod_ships() throws Exception {
    application.getBean(ShippingService.class).ship(8);
    assertThat(orders.shipments(8)).isOne();
  }

  @Test
  void callThroughThis_failsInTheFence() {
    ShippingService shipping = application.getBean(ShippingService.class);
    assertThatThrownBy(() -> shipping.shipWithoutProxy(9))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("@FencepostLock");
    assertThat(orders.shipments(9)).isZero();
  }

  private static boolean afterCommit(Runnable action) {
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            action.run();
          }
        });
    return true;
  }

  private boolean lose(String name) throws Exception {
    LockHandle handle = CurrentLock.handle();
    server.expire(name);
    handle.lost().get(SECONDS, TimeUnit.SECONDS);
    return true;
  }

  /** The release is sent before the method returns, and is answered a moment later. */
  private void assertFreeSoon() {
    await().until(() -> server.holderOf(NAME).isEmpty());
  }

  private static TransactionTemplate transaction() {
    return new TransactionTemplate(application.getBean(PlatformTransactionManager.class));
  }
}
