package dev.fencepost.server.service;

import dev.fencepost.core.AcquireCommand;
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
import dev.fencepost.server.service.Fields.Field;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** Messages as domain values. Each method reports every bad field of its message. */
final class Requests {
  private static final int MAX_WATCHED = 100;
  private static final Duration MAX_WAITED = Duration.ofDays(3650);
  private final LeasePolicy policy;
  private volatile Lease lastLease;

  Requests(LeasePolicy policy) {
    this.policy = policy;
    this.lastLease = Lease.of(policy.defaultTtl());
  }

  /**
   * Who acquires.
   *
   * @param speaker whose owner and metadata a claim has that brings none; shared by all of them
   * @param client who is charged
   * @param longestWait what the call's deadline leaves; the wait is cut to it
   * @param marks the last of the caller's marks that has arrived
   */
  record Caller(Claimant speaker, String client, Duration longestWait, LongSupplier marks) {}

  /** Reads an acquire. */
  AcquireCommand acquire(AcquireRequest request, Caller caller) {
    Fields fields = new Fields();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<ClaimId> id = fields.read("claim_id", () -> new ClaimId(request.getClaimId()));
    Field<Duration> ttl = fields.read("ttl", () -> ttl(request));
    Field<Duration> wait = between(fields, "wait", request.getWait(), policy.maxWait());
    Field<String> owner = fields.read("owner", () -> owner(request, caller.speaker()));
    Field<Duration> delay =
        between(fields, "lock_delay", request.getLockDelay(), Lease.MAX_LOCK_DELAY);
    Field<Map<String, String>> metadata =
        fields.read("metadata", () -> metadata(request, caller.speaker()));
    fields.read("mode", () -> mode(request));
    Field<Duration> waited = between(fields, "waited", request.getWaited(), MAX_WAITED);
    fields.requireValid();
    Claim claim =
        new Claim(
            name.value(),
            id.value(),
            lease(ttl.value(), delay.value()),
            claimant(owner.value(), metadata.value()));
    Duration maxWait = least(wait.value(), caller.longestWait());
    return new AcquireCommand(claim, maxWait, waited.value(), caller.client(), caller.marks());
  }

  GrantRef grant(dev.fencepost.proto.v1.GrantRef wire, String path) {
    Fields fields = new Fields();
    Field<LockName> name = fields.read(path + "name", () -> new LockName(wire.getName()));
    Field<ClaimId> claim = fields.read(path + "claim_id", () -> new ClaimId(wire.getClaimId()));
    Field<FencingToken> token =
        fields.read(path + "fencing_token", () -> new FencingToken(wire.getFencingToken()));
    fields.requireValid();
    return new GrantRef(name.value(), claim.value(), token.value());
  }

  /** What a client says of itself, for it goes into its claims. */
  Claimant claimant(Hello hello) {
    Fields fields = new Fields();
    fields.read("hello.owner", () -> Claimant.named(hello.getOwner()));
    fields.read("hello.metadata", () -> claimant("", hello.getMetadataMap()));
    fields.requireValid();
    return claimant(hello.getOwner(), hello.getMetadataMap());
  }

  ReleaseCommand release(ReleaseRequest request) {
    Fields fields = new Fields();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<ClaimId> claim = fields.read("claim_id", () -> new ClaimId(request.getClaimId()));
    Field<Optional<FencingToken>> token =
        token(fields, request.hasFencingToken(), request.getFencingToken());
    Field<Duration> closeFor =
        between(fields, "close_for", request.getCloseFor(), ReleaseCommand.MAX_CLOSE_FOR);
    fields.requireValid();
    return new ReleaseCommand(name.value(), claim.value(), token.value(), closeFor.value());
  }

  ForceReleaseCommand forceRelease(ForceReleaseRequest request) {
    Fields fields = new Fields();
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

  /** The names to watch, each once. */
  Set<LockName> watch(WatchLocksRequest request) {
    int count = request.getNamesCount();
    if (count < 1 || count > MAX_WATCHED) {
      throw InvalidValueException.of("names", count + " names", "1–" + MAX_WATCHED + " names");
    }
    Fields fields = new Fields();
    Set<LockName> names = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      String name = request.getNames(i);
      fields.read("names[" + i + "]", () -> names.add(new LockName(name)));
    }
    fields.requireValid();
    return names;
  }

  /** Most claims ask for the same lease, and many may wait: they share it. */
  private Lease lease(Duration ttl, Duration delay) {
    Lease last = lastLease;
    if (last.ttl().equals(ttl) && last.lockDelay().equals(delay)) {
      return last;
    }
    Lease asked = new Lease(ttl, delay);
    lastLease = asked;
    return asked;
  }

  private Duration ttl(AcquireRequest request) {
    return request.hasTtl()
        ? policy.requireTtl(WireDuration.of("ttl", request.getTtl()))
        : policy.defaultTtl();
  }

  private static Field<Duration> between(
      Fields fields, String name, com.google.protobuf.Duration wire, Duration most) {
    return fields.read(
        name, () -> Lease.requireBetween(name, WireDuration.of(name, wire), Duration.ZERO, most));
  }

  private static Field<Optional<FencingToken>> token(Fields fields, boolean isSet, long token) {
    return fields.read(
        "fencing_token", () -> isSet ? Optional.of(new FencingToken(token)) : Optional.empty());
  }

  private static String owner(AcquireRequest request, Claimant speaker) {
    return request.getOwner().isEmpty()
        ? speaker.owner()
        : Claimant.named(request.getOwner()).owner();
  }

  private static Map<String, String> metadata(AcquireRequest request, Claimant speaker) {
    return request.getMetadataCount() == 0
        ? speaker.metadata()
        : claimant("", request.getMetadataMap()).metadata();
  }

  private static Claimant claimant(String owner, Map<String, String> metadata) {
    return new Claimant(owner, "", LockMode.EXCLUSIVE, metadata);
  }

  private static LockMode mode(AcquireRequest request) {
    return switch (request.getMode()) {
      case LOCK_MODE_UNSPECIFIED, LOCK_MODE_EXCLUSIVE -> LockMode.EXCLUSIVE;
      case UNRECOGNIZED ->
          throw InvalidValueException.of("mode", request.getModeValue(), "1 (exclusive) or unset");
    };
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
