package dev.fencepost.liquibase;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostException;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.client.LockView;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.Date;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import liquibase.GlobalConfiguration;
import liquibase.database.Database;
import liquibase.database.OfflineConnection;
import liquibase.exception.LockException;
import liquibase.lockservice.DatabaseChangeLogLock;
import liquibase.lockservice.LockService;
import org.jspecify.annotations.Nullable;

/**
 * The lock of migrations. It ends with the process that took it, within {@link #LEASE}, while a row
 * of Liquibase's own table stays until somebody deletes it.
 *
 * <p>Liquibase makes one for each database, by reflection. It is used if a client was given with
 * {@link #use} before, or else if the system property {@value #TARGET} names a server. Otherwise
 * Liquibase's own lock remains.
 *
 * <p>The lock's name is {@code liquibase/CATALOG.SCHEMA}. Two databases with the same names share
 * it and migrate one after the other.
 *
 * <p>For one thread at a time, as Liquibase uses it.
 */
public final class FencepostLockService implements LockService {
  /** The system property with the address of the servers. */
  public static final String TARGET = "fencepost.liquibase.target";

  /** Time after which the lock of a dead process is free. */
  public static final Duration LEASE = Duration.ofSeconds(10);

  private static final AtomicReference<@Nullable FencepostClient> CLIENT = new AtomicReference<>();

  private @Nullable Database database;
  private @Nullable LockHandle held;
  private Duration longestWait =
      Duration.ofMinutes(GlobalConfiguration.CHANGELOGLOCK_WAIT_TIME.getCurrentValue());

  /** Gives the client for all databases of this process. The caller closes it at the end. */
  public static void use(FencepostClient client) {
    CLIENT.set(client);
  }

  /** Above the services that come with Liquibase. */
  @Override
  public int getPriority() {
    return PRIORITY_DATABASE + 1;
  }

  @Override
  public boolean supports(Database candidate) {
    boolean isConfigured = CLIENT.get() != null || System.getProperty(TARGET) != null;
    return isConfigured && !(candidate.getConnection() instanceof OfflineConnection);
  }

  @Override
  public void setDatabase(Database value) {
    database = value;
  }

  @Override
  public void setChangeLogLockWaitTime(long minutes) {
    longestWait = Duration.ofMinutes(minutes);
  }

  /** Does nothing: the server tells the next waiter, nobody polls. */
  @Override
  public void setChangeLogLockRecheckTime(long seconds) {}

  @Override
  public boolean hasChangeLogLock() {
    return held != null && held.isHeld();
  }

  @Override
  public void waitForLock() throws LockException {
    acquire(longestWait);
  }

  @Override
  public boolean acquireLock() throws LockException {
    if (hasChangeLogLock()) {
      return true;
    }
    try {
      held = lock().tryAcquire().orElse(null);
      return held != null;
    } catch (FencepostException e) {
      throw new LockException(e);
    }
  }

  /**
   * Gives the lock back.
   *
   * @throws LockException if it was lost while the migration ran: another process may have migrated
   *     meanwhile
   */
  @Override
  public void releaseLock() throws LockException {
    LockHandle mine = held;
    held = null;
    if (mine == null) {
      return;
    }
    try {
      Release release = mine.release();
      if (release instanceof Release.NotHeld lost) {
        throw new LockException(
            mine.name() + " was lost while the migration ran: " + lost.reason());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (FencepostException e) {
      throw new LockException(e);
    }
  }

  @Override
  public DatabaseChangeLogLock[] listLocks() throws LockException {
    try {
      LockView view = client().inspect(name()).join();
      return view.holder().stream()
          .map(
              holder ->
                  new DatabaseChangeLogLock(
                      1, Date.from(holder.acquiredAt()), holder.claimant().owner()))
          .toArray(DatabaseChangeLogLock[]::new);
    } catch (CompletionException e) {
      throw new LockException(e.getCause());
    }
  }

  /**
   * Gives the own lock back.
   *
   * @throws LockException if another process holds it; it ends with that process by itself
   */
  @Override
  public void forceReleaseLock() throws LockException {
    releaseLock();
    if (listLocks().length > 0) {
      throw new LockException(
          name()
              + " is held by another process and ends with it; to end it now: fencepost"
              + " force-release "
              + name()
              + " --reason TEXT");
    }
  }

  /** Gives the lock back without an answer. */
  @Override
  public void reset() {
    if (held != null) {
      held.close();
      held = null;
    }
  }

  /** Does nothing: there is no table to make. */
  @Override
  public void init() {}

  /** Does nothing: there is no table to delete. */
  @Override
  public void destroy() {}

  private void acquire(Duration wait) throws LockException {
    if (hasChangeLogLock()) {
      return;
    }
    try {
      held = lock().acquire(wait);
    } catch (LockNotGrantedException e) {
      throw new LockException("could not acquire the change log lock: " + e.getMessage(), e);
    } catch (FencepostException e) {
      throw new LockException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LockException("interrupted while waiting for " + name(), e);
    }
  }

  private FencepostLock lock() {
    return client().lock(name()).withTtl(LEASE);
  }

  private String name() {
    Database migrated = database;
    if (migrated == null) {
      throw new IllegalStateException("setDatabase comes first");
    }
    return "liquibase/"
        + migrated.getLiquibaseCatalogName()
        + "."
        + migrated.getLiquibaseSchemaName();
  }

  private static FencepostClient client() {
    FencepostClient client = CLIENT.get();
    if (client != null) {
      return client;
    }
    FencepostClient made = FencepostClient.connect(System.getProperty(TARGET));
    if (CLIENT.compareAndSet(null, made)) {
      return made;
    }
    made.close();
    return client();
  }
}
