package dev.fencepost.sample;

import dev.fencepost.fence.JdbcFence;
import dev.fencepost.lock.FencingToken;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;

/** Writes orders with the token of their lock. */
@Repository
class FencedOrders {
  private static final JdbcFence FENCE = JdbcFence.table("fence_guard");

  private final DataSource source;
  private final JdbcTemplate jdbc;

  FencedOrders(DataSource source, JdbcTemplate jdbc) {
    this.source = source;
    this.jdbc = jdbc;
  }

  @Transactional(rollbackFor = Exception.class)
  public void ship(long order, FencingToken token) throws Exception {
    FENCE.check(DataSourceUtils.getConnection(source), "orders/" + order, token);
    jdbc.update("INSERT INTO shipments (orders, token) VALUES (?, ?)", order, token.value());
  }

  public int shipments(long order) {
    Integer count =
        jdbc.queryForObject(
            "SELECT COUNT(*) FROM shipments WHERE orders = ?", Integer.class, order);
    return count == null ? 0 : count;
  }
}
