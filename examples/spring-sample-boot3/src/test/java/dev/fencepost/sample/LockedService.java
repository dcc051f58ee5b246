package dev.fencepost.sample;

import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.spring.FencepostLock;
import dev.fencepost.spring.FencepostLock.OnLoss;
import dev.fencepost.spring.FencepostLock.Otherwise;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

@Service
class LockedService {
  private final JdbcTemplate jdbc;
  private final BlockingQueue<GrantLoss> losses = new LinkedBlockingQueue<>();

  LockedService(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  @FencepostLock(name = "orders/#{#order}", maxWait = "20s", ttl = "1m")
  public FencingToken ship(long order, FencingToken token, LockHandle handle) {
    if (!handle.token().equals(token)) {
      throw new IllegalStateException(handle + " has not " + token);
    }
    return token;
  }

  @FencepostLock(name = "#{#name}", maxWait = "20s")
  public <T> T work(String name, Callable<T> work) throws Exception {
    return work.call();
  }

  @Transactional
  @FencepostLock(
      name = "#{#name}",
      maxWait = "20s",
      onLoss = OnLoss.CALLBACK,
      onLossMethod = "noteLoss")
  public void insert(String name, long order, Callable<Boolean> beforeCommit) throws Exception {
    jdbc.update("INSERT INTO shipments (orders, token) VALUES (?, 1)", order);
    beforeCommit.call();
  }

  void noteLoss(GrantLoss loss) {
    losses.add(loss);
  }

  public BlockingQueue<GrantLoss> losses() {
    return losses;
  }

  @FencepostLock(name = "#{#a0}", otherwise = Otherwise.SKIP)
  public Optional<String> skip(String name) {
    return Optional.of(name);
  }

  @FencepostLock(name = "#{#name}", otherwise = Otherwise.CALL, otherwiseMethod = "workInstead")
  public String call(String name) {
    return "locked " + name;
  }

  String workInstead(String name) {
    return "instead of " + name;
  }
}
