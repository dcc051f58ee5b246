package dev.fencepost.sample;

import dev.fencepost.fence.JdbcFence;
import dev.fencepost.spring.CurrentLock;
import dev.fencepost.spring.FencepostLock;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The fenced method of docs/spring.md. */
@Service
class ShippingService {
  private static final JdbcFence FENCE = JdbcFence.table("fence_guard");

  private final DataSource source;
  private final JdbcTemplate jdbc;

  ShippingService(DataSource source, JdbcTemplate jdbc) {
    this.source = source;
    this.jdbc = jdbc;
  }

  @Transactional
  @FencepostLock(name = "orders/#{#order}", maxWait = "5s")
  public void ship(long order) throws SQLException {
    Connection connection = DataSourceUtils.getConnection(source);
    FENCE.check(connection, "orders/" + order, CurrentLock.token()); // the fence
    jdbc.update("INSERT INTO shipments (orders, token) VALUES (?, 0)", order);
  }

  /** A call that takes no lock. */
  public void shipWithoutProxy(long order) throws SQLException {
    ship(order);
  }
}
