package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.OpenOnce;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * Locks in etcd 3.4 or later: {@code etcd://host:2379,host:2379/prefix}. The URI names all members;
 * the default prefix is {@code fencepost}. Safe for use by many threads.
 *
 * <p>Options: {@code user} and {@code password}; {@code tls} (true or false), {@code tls-ca},
 * {@code tls-certificate} and {@code tls-key} (PEM files); {@code batch-size} (1–1,000 locks),
 * {@code batches} (1–32 in flight), {@code queue} (100–1,000,000 calls), {@code idle-leases}
 * (0–10,000) and {@code mark-retention} (1 d – 3,650 d). {@code docs/backends/etcd.md} explains
 * them.
 */
public final class EtcdBackendProvider implements LockBackendProvider {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final SecureRandom random = new SecureRandom();

  /** For {@link java.util.ServiceLoader}. */
  public EtcdBackendProvider() {}

  @Override
  public List<String> examples() {
    return List.of("etcd://host:2379,host:2379,host:2379/fencepost");
  }

  @Override
  public List<String> schemes() {
    return List.of(EtcdSettings.SCHEME);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    return new OpenOnce<>(new EtcdBackend(EtcdSettings.of(settings), outside()));
  }

  @Override
  public String schema(StoreSettings settings) {
    EtcdSettings.of(settings);
    return "";
  }

  private EtcdBackend.ClockAndRandom outside() {
    return new EtcdBackend.ClockAndRandom(
        EtcdBackendProvider::clockNanos, random::nextLong, () -> UUID.randomUUID().toString());
  }

  private static long clockNanos() {
    Instant now = Instant.now();
    return Math.addExact(Math.multiplyExact(now.getEpochSecond(), NANOS_PER_SECOND), now.getNano());
  }
}
