package dev.fencepost.server.service.wire;

import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.MakerCheck;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.server.service.wire.FieldReader.Field;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** Reads requests into values of the domain. Each method reports every invalid field at once. */
public final class RequestReader {
  private static final int MAX_WATCHED = 100;
  private static final Duration MAX_WAITED = Duration.ofDays(3650);
  private final LeasePolicy policy;
  private volatile Lease lastLease;

  public RequestReader(LeasePolicy policy) {
    this.policy = policy;
    this.lastLease = Lease.of(policy.defaultTtl());
  }

  /**
   * Describes the caller of an acquire.
   *
   * @param defaults owner and metadata for claims that bring none; shared by all of them
   * @param client the client that is charged
   * @param longestWait time that the deadline of the call leaves for waiting; the wait is cut to it
   * @param sendStamps returns the caller's last send stamp that has arrived
   * @param makers decides whether the caller may join a claim of another name
   */
  public record Caller(
      Claimant defaults,
      String client,
      Duration longestWait,
      LongSupplier sendStamps,
      MakerCheck makers) {}

  /** Reads an acquire. */
  public AcquireCommand acquire(AcquireRequest request, Caller caller) {
    FieldReader fields = new FieldReader();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<ClaimId> id = fields.read("claim_id", () -> new ClaimId(request.getClaimId()));
    Field<Duration> ttl = fields.read("ttl", () -> ttl(request));
    Field<Duration> wait = between(fields, "wait", request.getWait(), policy.maxWait());
    Field<String> owner = fields.read("owner", () -> owner(request, caller.defaults()));
    Field<Duration> delay =
        between(fields, "lock_delay", request.getLockDelay(), Lease.MAX_LOCK_DELAY);
    Field<Map<String, String>> metadata =
        fields.read("metadata", () -> metadata(request, caller.defaults()));
    fields.read("mode", () -> mode(request));
    Field<Duration> waited = between(fields, "waited", request.getWaited(), MAX_WAITED);
    fields.requireValid();
    Claim claim =
        new Claim(
            name.value(),
            id.value(),
            lease(ttl.value(), delay.value()),
            claimant(owner.value(), caller.defaults().principal(), metadata.value()));
    Duration maxWait = shorter(wait.value(), caller.longestWait());
    return new AcquireCommand(
        claim, maxWait, waited.value(), caller.client(), caller.sendStamps(), caller.makers());
  }

  /** Reads a grant, which the caller names as made by its principal. */
  public GrantRef grant(dev.fencepost.proto.v1.GrantRef wire, String path, String principal) {
    FieldReader fields = new FieldReader();
    Field<LockName> name = fields.read(path + "name", () -> new LockName(wire.getName()));
    Field<ClaimId> claim = fields.read(path + "claim_id", () -> new ClaimId(wire.getClaimId()));
    Field<FencingToken> token =
        fields.read(path + "fencing_token", () -> new FencingToken(wire.getFencingToken()));
    fields.requireValid();
    return new GrantRef(name.value(), claim.value(), token.value(), principal);
  }

  /** Reads the owner and metadata of a client, which become part of its claims. */
  public Claimant claimant(Hello hello, String principal) {
    FieldReader fields = new FieldReader();
    fields.read("hello.owner", () -> Claimant.named(hello.getOwner()));
    fields.read("hello.metadata", () -> claimant("", "", hello.getMetadataMap()));
    fields.requireValid();
    return claimant(hello.getOwner(), principal, hello.getMetadataMap());
  }

  /** Reads a release of a claim, which the caller names as made by its principal. */
  public ReleaseCommand release(ReleaseRequest request, String principal) {
    FieldReader fields = new FieldReader();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<ClaimId> claim = fields.read("claim_id", () -> new ClaimId(request.getClaimId()));
    Field<Optional<FencingToken>> token =
        token(fields, request.hasFencingToken(), request.getFencingToken());
    Field<Duration> closeFor =
        between(fields, "close_for", request.getCloseFor(), ReleaseCommand.MAX_CLOSE_FOR);
    fields.requireValid();
    return new ReleaseCommand(
        name.value(), claim.value(), token.value(), closeFor.value(), principal);
  }

  public ForceReleaseCommand forceRelease(ForceReleaseRequest request) {
    FieldReader fields = new FieldReader();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<String> reason =
        fields.read("reason", () -> ForceReleaseCommand.requireReason(request.getReason()));
    Field<Optional<FencingToken>> token =
        token(fields, request.hasFencingToken(), request.getFencingToken());
    Field<Duration> closeFor =
        between(fields, "close_for", request.getCloseFor(), ReleaseCommand.MAX_CLOSE_FOR);
    fields.requireValid();
    return new ForceReleaseCommand(
        name.value(),
        reason.value(),
        token.value(),
        request.hasCloseFor() ? Optional.of(closeFor.value()) : Optional.empty());
  }

  /** Reads the names to watch, each once. */
  public Set<LockName> watch(WatchLocksRequest request) {
    int count = request.getNamesCount();
    if (count < 1 || count > MAX_WATCHED) {
      throw InvalidValueException.of("names", count + " names", "1–" + MAX_WATCHED + " names");
    }
    FieldReader fields = new FieldReader();
    Set<LockName> names = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      String name = request.getNames(i);
      fields.read("names[" + i + "]", () -> names.add(new LockName(name)));
    }
    fields.requireValid();
    return names;
  }

  /**
   * Shares one lease object among claims, because many may wait and most request the same lease.
   */
  private Lease lease(Duration ttl, Duration delay) {
    Lease last = lastLease;
    if (last.ttl().equals(ttl) && last.lockDelay().equals(delay)) {
      return last;
    }
    Lease requested = new Lease(ttl, delay);
    lastLease = requested;
    return requested;
  }

  private Duration ttl(AcquireRequest request) {
    return request.hasTtl()
        ? policy.requireTtl(WireDuration.of("ttl", request.getTtl()))
        : policy.defaultTtl();
  }

  private static Field<Duration> between(
      FieldReader fields, String name, com.google.protobuf.Duration wire, Duration most) {
    return fields.read(
        name, () -> Lease.requireBetween(name, WireDuration.of(name, wire), Duration.ZERO, most));
  }

  private static Field<Optional<FencingToken>> token(
      FieldReader fields, boolean isSet, long token) {
    return fields.read(
        "fencing_token", () -> isSet ? Optional.of(new FencingToken(token)) : Optional.empty());
  }

  private static String owner(AcquireRequest request, Claimant defaults) {
    return request.getOwner().isEmpty()
        ? defaults.owner()
        : Claimant.named(request.getOwner()).owner();
  }

  private static Map<String, String> metadata(AcquireRequest request, Claimant defaults) {
    return request.getMetadataCount() == 0
        ? defaults.metadata()
        : claimant("", "", request.getMetadataMap()).metadata();
  }

  private static Claimant claimant(String owner, String principal, Map<String, String> metadata) {
    return new Claimant(owner, principal, LockMode.EXCLUSIVE, metadata);
  }

  private static LockMode mode(AcquireRequest request) {
    return switch (request.getMode()) {
      case LOCK_MODE_UNSPECIFIED, LOCK_MODE_EXCLUSIVE -> LockMode.EXCLUSIVE;
      case UNRECOGNIZED ->
          throw InvalidValueException.of("mode", request.getModeValue(), "1 (exclusive) or unset");
    };
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
