package dev.fencepost.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.CheckAccessRequest;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificateName;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.TestRequests;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each RPC against each kind of principal. A new RPC without a row fails. */
class AccessMatrixTest {
  private static final String CLAIM = "0123456789abcdef0123456789abcdef";
  private static final String RULES =
      """
      version 1
      allow token:right use, list, close on shop/**
      allow token:right fence on resource shop/**
      allow token:elsewhere use, list on other/**
      allow token:operator force-release, operate on **
      allow token:operator reset on resource **
      """;

  private final Map<String, StaticToken> tokens =
      Map.of(
          "right", token("right"),
          "elsewhere", token("elsewhere"),
          "operator", token("operator"),
          "expired", token("right"),
          "norights", token("norights"));
  private final AccessControl control =
      new AccessControl(
          state(RULES),
          Optional.empty(),
          Duration.ofMinutes(10),
          true,
          Instant::now,
          AuditTrail.toLogger("test", Instant::now));
  private final InProcessServer server = new InProcessServer(control);

  private static StaticToken token(String name) {
    return StaticToken.create(name, new SecureRandom());
  }

  private CallerAuthenticator state(String rules) {
    StringBuilder file = new StringBuilder();
    tokens.forEach(
        (kind, token) ->
            file.append(token.line())
                .append(kind.equals("expired") ? " until 2001-01-01T00:00:00Z\n" : "\n"));
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(CertificateName.URI), Set.of()),
        TokensFile.parse(file.toString().getBytes(StandardCharsets.UTF_8)),
        JwtKeys.NONE,
        AccessRules.of(RulesParser.parse(rules.getBytes(StandardCharsets.UTF_8))),
        false);
  }

  private Channel as(String kind) {
    Metadata headers = new Metadata();
    StaticToken token = tokens.get(kind);
    if (token != null) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
          "Bearer " + token.text());
    }
    return ClientInterceptors.intercept(
        server.channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /**
   * Requests by method; the expected outcomes are those for none, expired, elsewhere, right,
   * operator.
   */
  private record Row(Object request, String outcomes) {}

  private static final Map<String, Row> ROWS =
      Map.ofEntries(
          row("LockService/Acquire", TestRequests.claim("shop/a").build(), "16 16 7 0 7"),
          row(
              "LockService/Renew",
              RenewRequest.newBuilder().setGrant(grant()).build(),
              "16 16 7 0 0"),
          row(
              "LockService/BatchRenew",
              BatchRenewRequest.newBuilder().addGrants(grant()).build(),
              "16 16 0 0 0"),
          row(
              "LockService/Release",
              ReleaseRequest.newBuilder().setName("shop/a").setClaimId(CLAIM).build(),
              "16 16 0 0 0"),
          row(
              "LockService/GetLock",
              GetLockRequest.newBuilder().setName("shop/a").build(),
              "16 16 7 0 7"),
          row("LockService/ListLocks", ListLocksRequest.getDefaultInstance(), "16 16 0 0 0"),
          row(
              "LockService/WatchLocks",
              WatchLocksRequest.newBuilder().addNames("shop/a").build(),
              "16 16 7 0 7"),
          row(
              "LockService/GetServerInfo",
              GetServerInfoRequest.getDefaultInstance(),
              "16 16 0 0 0"),
          row(
              "FencingService/GetToken",
              GetTokenRequest.newBuilder().setName("shop/a").build(),
              "16 16 7 0 7"),
          row(
              "FencingService/ValidateToken",
              ValidateTokenRequest.newBuilder().setName("shop/a").setFencingToken(1).build(),
              "16 16 7 0 7"),
          row(
              "FencingService/AdvanceToken",
              AdvanceTokenRequest.newBuilder().setResource("shop/r").setFencingToken(1).build(),
              "16 16 7 0 7"),
          row(
              "AdminService/ForceRelease",
              ForceReleaseRequest.newBuilder().setName("shop/a").setReason("x").build(),
              "16 16 7 7 0"),
          row(
              "AdminService/ResetMark",
              ResetMarkRequest.newBuilder().setResource("shop/r").setReason("x").build(),
              "16 16 7 7 0"),
          row(
              "AdminService/CheckAccess",
              CheckAccessRequest.newBuilder()
                  .setPrincipal("token:right")
                  .setOperation("acquire")
                  .setLock("shop/a")
                  .build(),
              "16 16 7 0 7"),
          row(
              "SessionService/Session",
              SessionRequest.newBuilder().setHello(Hello.getDefaultInstance()).build(),
              "16 16 0 0 0"));

  private static Map.Entry<String, Row> row(String method, Object request, String outcomes) {
    return Map.entry("fencepost.v1." + method, new Row(request, outcomes));
  }

  private static GrantRef grant() {
    return GrantRef.newBuilder().setName("shop/a").setClaimId(CLAIM).setFencingToken(5).build();
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void eachMethod_hasARow_andEachPrincipalItsOutcome() {
    server.services.definitions().stream()
        .flatMap(service -> service.getServiceDescriptor().getMethods().stream())
        .forEach(
            method -> {
              Row row = ROWS.get(method.getFullMethodName());
              assertThat(row).as(method.getFullMethodName()).isNotNull();
              StringBuilder outcomes = new StringBuilder();
              for (String kind : List.of("none", "expired", "elsewhere", "right", "operator")) {
                outcomes.append(call(kind, method.getFullMethodName(), row.request())).append(' ');
              }
              assertThat(outcomes.toString().trim())
                  .as(method.getFullMethodName())
                  .isEqualTo(row.outcomes());
            });
  }

  @SuppressWarnings("unchecked") // each row has a request of its method
  private int call(String kind, String name, Object request) {
    MethodDescriptor<Object, Object> method =
        (MethodDescriptor<Object, Object>) (MethodDescriptor<?, ?>) METHODS.get(name);
    CompletableFuture<Status> first = new CompletableFuture<>();
    StreamObserver<Object> observer =
        new StreamObserver<>() {
          @Override
          public void onNext(Object value) {
            first.complete(Status.OK);
          }

          @Override
          public void onError(Throwable t) {
            first.complete(Status.fromThrowable(t));
          }

          @Override
          public void onCompleted() {
            first.complete(Status.OK);
          }
        };
    var call = as(kind).newCall(method, CallOptions.DEFAULT);
    if (method.getType() == MethodType.BIDI_STREAMING) {
      ClientCalls.asyncBidiStreamingCall(call, observer).onNext(request);
    } else if (method.getType() == MethodType.SERVER_STREAMING) {
      ClientCalls.asyncServerStreamingCall(call, request, observer);
    } else {
      ClientCalls.asyncUnaryCall(call, request, observer);
    }
    int code = first.getNow(Status.UNKNOWN.withDescription("no answer")).getCode().value();
    call.cancel("done", null);
    return code;
  }

  private static final Map<String, MethodDescriptor<?, ?>> METHODS =
      java.util.stream.Stream.of(
              LockServiceGrpc.getServiceDescriptor(),
              FencingServiceGrpc.getServiceDescriptor(),
              AdminServiceGrpc.getServiceDescriptor(),
              SessionServiceGrpc.getServiceDescriptor())
          .flatMap(service -> service.getMethods().stream())
          .collect(java.util.stream.Collectors.toMap(MethodDescriptor::getFullMethodName, m -> m));

  private LockServiceGrpc.LockServiceBlockingStub locks(String kind) {
    return LockServiceGrpc.newBlockingStub(as(kind));
  }

  @Test
  void grant_carriesItsPrincipal_andBelongsToIt() {
    AcquireRequest claim = TestRequests.claim("shop/b").build();
    Grant held = locks("right").acquire(claim).getGranted();
    control.replace(state(RULES + "allow token:elsewhere use on shop/**\n"));
    GrantRef stolen =
        GrantRef.newBuilder()
            .setName("shop/b")
            .setClaimId(claim.getClaimId())
            .setFencingToken(held.getFencingToken())
            .build();

    assertThat(
            server
                .coordinator
                .describe(new dev.fencepost.lock.LockName("shop/b"))
                .toCompletableFuture()
                .join()
                .holder()
                .orElseThrow()
                .claimant()
                .principal())
        .isEqualTo("token:right");
    assertRefused("OTHER_PRINCIPAL", () -> locks("elsewhere").acquire(claim));
    assertRefused(
        "OTHER_PRINCIPAL",
        () -> locks("elsewhere").renew(RenewRequest.newBuilder().setGrant(stolen).build()));
    assertRefused(
        "OTHER_PRINCIPAL",
        () ->
            locks("elsewhere")
                .release(
                    ReleaseRequest.newBuilder()
                        .setName("shop/b")
                        .setClaimId(claim.getClaimId())
                        .build()));
    RenewRequest renewal = RenewRequest.newBuilder().setGrant(stolen).build();
    assertThat(locks("operator").renew(renewal).hasRenewed()).isTrue();
    assertThat(locks("right").renew(renewal).hasRenewed()).isTrue();
    assertRefused("OTHER_PRINCIPAL", () -> locks("elsewhere").renew(renewal));
  }

  private static void assertRefused(String reason, Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(e.getStatus().getDescription()).startsWith(reason + ": ");
      return;
    }
    throw new AssertionError("not refused");
  }

  @Test
  void withdrawnRight_answersWaitingClaims_andEndsWatchesAndSessions() {
    locks("right").acquire(TestRequests.claim("shop/c").build());
    CompletableFuture<Status> waiting =
        start(
            "LockService/Acquire",
            TestRequests.claim("shop/c").setWait(TestRequests.seconds(60)).build());
    CompletableFuture<Status> watch =
        start("LockService/WatchLocks", WatchLocksRequest.newBuilder().addNames("shop/c").build());
    CompletableFuture<Status> session =
        start(
            "SessionService/Session",
            SessionRequest.newBuilder().setHello(Hello.getDefaultInstance()).build());
    assertThat(List.of(waiting, watch, session)).noneMatch(CompletableFuture::isDone);

    control.replace(state("version 1\n"));

    for (CompletableFuture<Status> each : List.of(waiting, watch, session)) {
      assertThat(each).isDone();
      assertThat(each.join().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    }
    assertThat(server.coordinator.waiterCount()).isZero();
  }

  @SuppressWarnings("unchecked") // each request is one of its method
  private CompletableFuture<Status> start(String name, Object request) {
    MethodDescriptor<Object, Object> method =
        (MethodDescriptor<Object, Object>)
            (MethodDescriptor<?, ?>) METHODS.get("fencepost.v1." + name);
    CompletableFuture<Status> end = new CompletableFuture<>();
    StreamObserver<Object> observer =
        new StreamObserver<>() {
          @Override
          public void onNext(Object value) {}

          @Override
          public void onError(Throwable t) {
            end.complete(Status.fromThrowable(t));
          }

          @Override
          public void onCompleted() {
            end.complete(Status.OK);
          }
        };
    var call = as("right").newCall(method, CallOptions.DEFAULT);
    if (method.getType() == MethodType.BIDI_STREAMING) {
      ClientCalls.asyncBidiStreamingCall(call, observer).onNext(request);
    } else if (method.getType() == MethodType.SERVER_STREAMING) {
      ClientCalls.asyncServerStreamingCall(call, request, observer);
    } else {
      ClientCalls.asyncUnaryCall(call, request, observer);
    }
    return end;
  }

  @Test
  void listing_showsOnlyWhatMayBeListed() {
    locks("right").acquire(TestRequests.claim("shop/d").build());

    assertThat(locks("right").listLocks(ListLocksRequest.getDefaultInstance()).getLocksCount())
        .isEqualTo(1);
    assertThat(locks("elsewhere").listLocks(ListLocksRequest.getDefaultInstance()).getLocksCount())
        .isZero();
  }
}
