package dev.fencepost.benchmarks.peer;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** Fencepost's messages, as a client writes them that has only the generated stubs. */
final class StubMessages {
  private static final String OWNER = "host-1:4711/orders";

  private StubMessages() {}

  static AcquireRequest acquire(String lock, java.time.Duration ttl, java.time.Duration wait) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return AcquireRequest.newBuilder()
        .setName(lock)
        .setClaimId(new UUID(random.nextLong(), random.nextLong()).toString())
        .setTtl(duration(ttl))
        .setWait(duration(wait))
        .setOwner(OWNER)
        .build();
  }

  /** Reads the grant; empty if the lock was refused. */
  static Optional<GrantRef> readGrant(AcquireRequest request, AcquireResponse answer) {
    return answer.hasGranted()
        ? Optional.of(
            GrantRef.newBuilder()
                .setName(request.getName())
                .setClaimId(request.getClaimId())
                .setFencingToken(answer.getGranted().getFencingToken())
                .build())
        : Optional.empty();
  }

  static ReleaseRequest release(GrantRef grant) {
    return ReleaseRequest.newBuilder()
        .setName(grant.getName())
        .setClaimId(grant.getClaimId())
        .setFencingToken(grant.getFencingToken())
        .build();
  }

  static void requireReleased(ReleaseResponse answer) {
    if (answer.getOutcome() != ReleaseOutcome.RELEASE_OUTCOME_RELEASED) {
      throw new IllegalStateException("not released: " + answer);
    }
  }

  private static Duration duration(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }
}
