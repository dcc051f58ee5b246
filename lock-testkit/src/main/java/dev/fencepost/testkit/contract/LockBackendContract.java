package dev.fencepost.testkit.contract;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * The contract of all stores as tests. A backend's test extends this class and creates its store,
 * which all tests of the class share.
 *
 * <p>A random run is part of it. Its seed is in the failure message; the system property {@value
 * DifferentialContract#SEED} repeats it and {@value DifferentialContract#STEPS} sets its length.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class LockBackendContract {

  private ContractFixture scene;

  /** For subclasses. */
  protected LockBackendContract() {}

  /** Creates the empty store that all tests of this class use; closed after the last one. */
  protected abstract StoreUnderTest store();

  @BeforeAll
  final void openStore() {
    scene = new ContractFixture(store());
  }

  @AfterAll
  final void closeStore() {
    scene.close();
  }

  final ContractFixture scene() {
    return scene;
  }

  @Nested
  final class Ownership extends OwnershipContract {
    Ownership() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Principals extends PrincipalsContract {
    Principals() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Releasing extends ReleasingContract {
    Releasing() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Revoking extends RevokingContract {
    Revoking() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class ClosedByForce extends ClosedByForceContract {
    ClosedByForce() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Expiry extends ExpiryContract {
    Expiry() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Fencing extends FencingContract {
    Fencing() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Marks extends MarksContract {
    Marks() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Waiting extends WaitingContract {
    Waiting() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class HandingOver extends HandingOverContract {
    HandingOver() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Looking extends LookingContract {
    Looking() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Listing extends ListingContract {
    Listing() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Unreadable extends UnreadableContract {
    Unreadable() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Names extends NamesContract {
    Names() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Durability extends DurabilityContract {
    Durability() {
      super(LockBackendContract.this);
    }
  }

  @Nested
  final class Differential extends DifferentialContract {
    Differential() {
      super(LockBackendContract.this);
    }
  }
}
