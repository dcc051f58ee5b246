package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.fence.StaleTokenException;
import dev.fencepost.junit.FencepostExtension;
import dev.fencepost.spring.CurrentLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** The property {@code fence-table} fences the transactions of locked methods. */
class FencedTransactionTest {
  private static final String NAME = "orders/42";
  private static final String FENCED = "fencepost.fence-table=fence_guard";

  @RegisterExtension static final FencepostExtension FENCEPOST = new FencepostExtension();

  private ConfigurableApplicationContext application = start();

  @AfterEach
  void stop() {
    application.close();
  }

  @Test
  void withoutTheProperty_aLateTransactionIsCommitted() throws Exception {
    lateInsert(1);
    assertThat(shipments()).isOne();
  }

  @Test
  void lateTransaction_isRolledBack() {
    restart(FENCED);
    assertThatThrownBy(() -> lateInsert(1)).isInstanceOf(StaleTokenException.class);
    assertThat(shipments()).isZero();
  }

  @Test
  void transaction_raisesTheMarkToItsToken() throws Exception {
    restart(FENCED);
    long token =
        service()
            .work(
                NAME,
                () -> {
                  transaction(TransactionDefinition.PROPAGATION_REQUIRED)
                      .executeWithoutResult(status -> insert(1));
                  return CurrentLock.token().value();
                });
    assertThat(mark()).isEqualTo(token);
    assertThat(shipments()).isOne();
  }

  @Test
  void refusedTransaction_leavesNothingBehindOnItsThread() throws Exception {
    restart(FENCED);
    assertThatThrownBy(() -> lateInsert(1)).isInstanceOf(StaleTokenException.class);
    jdbc().update("DELETE FROM fence_guard");
    service().insert(NAME, 2, () -> true);
    assertThat(shipments()).isOne();
  }

  @Test
  void lockInAnOuterTransaction_isFencedAlthoughTheRefusalIsCaught() {
    restart(FENCED);
    raiseMark(Long.MAX_VALUE);
    assertThatThrownBy(
            () ->
                transaction(TransactionDefinition.PROPAGATION_REQUIRED)
                    .executeWithoutResult(
                        status -> {
                          insert(1);
                          assertThatThrownBy(() -> service().skip(NAME))
                              .isInstanceOf(StaleTokenException.class);
                        }))
        .isInstanceOf(StaleTokenException.class);
    assertThat(shipments()).isZero();
  }

  @Test
  void independentTransactionWithin_doesNotWaitForTheMark() throws Exception {
    restart(FENCED);
    service()
        .insert(
            NAME,
            1,
            () -> {
              transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW)
                  .executeWithoutResult(status -> insert(2));
              return true;
            });
    assertThat(shipments()).isEqualTo(2);
  }

  @Test
  void readOnlyTransaction_presentsNothing() throws Exception {
    restart(FENCED);
    TransactionTemplate reading = transaction(TransactionDefinition.PROPAGATION_REQUIRED);
    reading.setReadOnly(true);
    int seen = service().work(NAME, () -> reading.execute(status -> shipments()));
    assertThat(seen).isZero();
    assertThat(jdbc().queryForList("SELECT token FROM fence_guard")).isEmpty();
  }

  @Test
  void transactionOutsideOfLockedMethods_presentsNothing() {
    restart(FENCED);
    transaction(TransactionDefinition.PROPAGATION_REQUIRED)
        .executeWithoutResult(status -> insert(1));
    assertThat(shipments()).isOne();
    assertThat(jdbc().queryForList("SELECT token FROM fence_guard")).isEmpty();
  }

  /** Inserts with the lock after a newer holder was at the database. */
  private void lateInsert(long order) throws Exception {
    service()
        .work(
            NAME,
            () -> {
              raiseMark(CurrentLock.token().value() + 1);
              transaction(TransactionDefinition.PROPAGATION_REQUIRED)
                  .executeWithoutResult(status -> insert(order));
              return true;
            });
  }

  private void raiseMark(long token) {
    jdbc().update("INSERT INTO fence_guard VALUES (?, ?)", NAME, token);
  }

  private void insert(long order) {
    jdbc().update("INSERT INTO shipments (orders, token) VALUES (?, 1)", order);
  }

  private int shipments() {
    return jdbc().queryForObject("SELECT COUNT(*) FROM shipments", Integer.class);
  }

  private long mark() {
    return jdbc()
        .queryForObject("SELECT token FROM fence_guard WHERE resource = ?", Long.class, NAME);
  }

  private LockedService service() {
    return application.getBean(LockedService.class);
  }

  private JdbcTemplate jdbc() {
    return application.getBean(JdbcTemplate.class);
  }

  private TransactionTemplate transaction(int propagation) {
    TransactionTemplate template =
        new TransactionTemplate(application.getBean(PlatformTransactionManager.class));
    template.setPropagationBehavior(propagation);
    return template;
  }

  private void restart(String... more) {
    application.close();
    application = start(more);
  }

  private static ConfigurableApplicationContext start(String... more) {
    return new SpringApplicationBuilder(SampleApplication.class)
        .properties(
            "fencepost.target=" + FENCEPOST.server().target(),
            "spring.datasource.generate-unique-name=true")
        .properties(more)
        .run();
  }
}
