package dev.fencepost.server.support;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/** Requests for tests. */
public final class TestRequests {
  private static final AtomicLong NUMBER = new AtomicLong();

  private TestRequests() {}

  /** Returns a new claim id. */
  public static String newId() {
    return String.format(Locale.ROOT, "test-claim-%015d", NUMBER.incrementAndGet());
  }

  /** Returns one attempt to acquire a lock for a minute. */
  public static AcquireRequest.Builder claim(String name) {
    return AcquireRequest.newBuilder()
        .setName(name)
        .setClaimId(newId())
        .setOwner("tester")
        .setTtl(seconds(60));
  }

  public static Duration seconds(long seconds) {
    return Duration.newBuilder().setSeconds(seconds).build();
  }

  /** Returns the reference of the grant of a claim. */
  public static GrantRef ref(String claimId, Grant grant) {
    return GrantRef.newBuilder()
        .setName(grant.getName())
        .setClaimId(claimId)
        .setFencingToken(grant.getFencingToken())
        .build();
  }
}
