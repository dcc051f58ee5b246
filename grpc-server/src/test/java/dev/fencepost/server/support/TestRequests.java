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

  /** A claim id that nobody had before. */
  public static String newId() {
    return String.format(Locale.ROOT, "test-claim-%015d", NUMBER.incrementAndGet());
  }

  /** One try at a lock, for a minute. */
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

  /** The key of the grant that the claim got. */
  public static GrantRef ref(String claimId, Grant grant) {
    return GrantRef.newBuilder()
        .setName(grant.getName())
        .setClaimId(claimId)
        .setFencingToken(grant.getFencingToken())
        .build();
  }
}
