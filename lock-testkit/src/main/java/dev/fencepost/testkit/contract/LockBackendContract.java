package dev.fencepost.testkit.contract;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * The rules that every store must keep, as tests. A backend inherits this class and says how its
 * store is made; the store is shared by all tests of the class.
 *
 * <p>A random run is part of it. Its seed is in the message of its failure; the system property
 * {@value DifferentialContract#SEED} repeats it and {@value DifferentialContract#STEPS} sets its
 * length.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class LockBackendContract {

  private ContractFixture scene;

  /** For subclasses. */
  protected LockBackendContract() {}

  /** Makes the empty store that all tests of this class use; closed after the last one. */
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
