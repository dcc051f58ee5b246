package dev.fencepost.testkit.contract;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.testkit.process.StoreRetry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** One store with three replicas, shared by the tests of a class, each on locks of its own. */
final class ContractFixture implements AutoCloseable {

  private static final int REPLICAS = 3;

  private final StoreUnderTest store;
  private final Random random = new Random();
  private final String run = ReplicaId.of(random.nextLong()).value();
  private final List<ContractReplica> parties = new ArrayList<>();
  private int names;

  ContractFixture(StoreUnderTest store) {
    this.store = store;
    openAll();
  }

  StoreUnderTest store() {
    return store;
  }

  /** The first, second or third replica. */
  ContractReplica party(int index) {
    return parties.get(index);
  }

  /** Opens another replica, which the test closes. Retries while the store is too busy. */
  ContractReplica newParty() {
    ReplicaId id = ReplicaId.of(random.nextLong());
    String address = "host-" + id + ":7420";
    Replica replica = new Replica(id, address, Replica.Phase.SERVING);
    return StoreRetry.ask(() -> ContractReplica.open(store.newBackend(), replica));
  }

  /** Closes all replicas, runs an action on the store, and opens new replicas. */
  void whileClosed(Runnable act) {
    closeAll();
    act.run();
    openAll();
  }

  /** Returns a text that no other test of any run uses. */
  synchronized String newText() {
    return "contract/" + run + "/" + ++names;
  }

  LockName newLock() {
    return new LockName(newText());
  }

  ResourceName newResource() {
    return new ResourceName(newText());
  }

  @Override
  public void close() {
    closeAll();
    store.close();
  }

  private void openAll() {
    for (int i = 0; i < REPLICAS; i++) {
      parties.add(newParty());
    }
  }

  private void closeAll() {
    parties.forEach(ContractReplica::close);
    parties.clear();
  }
}
