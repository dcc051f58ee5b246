package dev.fencepost.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.CheckAccessRequest;
import dev.fencepost.proto.v1.CheckAccessResponse;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.support.InProcessServer;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Questions to a server about rights. */
class CheckAccessTest {
  private static final String RULES = "version 1\nallow token:right use on shop/**\n";

  private final Map<String, StaticToken> tokens =
      Stream.of("right", "elsewhere", "norights", "operator")
          .collect(
              Collectors.toMap(name -> name, name -> StaticToken.create(name, new SecureRandom())));
  private final AuditTrail audit = AuditTrail.toLogger("test", Instant::now);
  private final AccessControl control =
      new AccessControl(
          state(RULES), Optional.empty(), Duration.ofMinutes(10), true, Instant::now, audit);
  private final InProcessServer server = new InProcessServer(control);

  private CallerAuthenticator state(String rules) {
    String lines =
        tokens.values().stream().map(StaticToken::line).collect(Collectors.joining("\n"));
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(), Set.of()),
        TokensFile.parse(lines.getBytes(StandardCharsets.UTF_8)),
        JwtKeys.NONE,
        AccessRules.of(RulesParser.parse(rules.getBytes(StandardCharsets.UTF_8))),
        false);
  }

  private AdminServiceGrpc.AdminServiceBlockingStub admin(String name) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + Optional.ofNullable(tokens.get(name)).orElseThrow().text());
    return server.admin().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
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

  @AfterEach
  void close() {
    server.close();
    audit.close();
  }

  @Test
  void access_isToldToTheCallerItself_andOfOthersToAdministrators() {
    CheckAccessRequest own =
        CheckAccessRequest.newBuilder().setOperation("acquire").setLock("shop/a").build();

    assertThat(admin("right").checkAccess(own))
        .isEqualTo(
            CheckAccessResponse.newBuilder().setAllowed(true).setPrincipal("token:right").build());
    assertThat(admin("elsewhere").checkAccess(own).getAllowed()).isFalse();
    assertThat(admin("norights").checkAccess(own).getAllowed()).isFalse();
    assertRefused(
        "NOT_ALLOWED",
        () -> admin("right").checkAccess(own.toBuilder().setPrincipal("anonymous").build()));

    control.replace(state(RULES + "allow token:operator admin\n"));

    CheckAccessResponse answer =
        admin("operator").checkAccess(own.toBuilder().setPrincipal("token:right").build());
    assertThat(answer.getAllowed()).isTrue();
    assertThat(answer.getRuleLine()).isEqualTo(2);
    assertThat(answer.getRulesDigest()).hasSize(16);
    control.replace(state(RULES + "allow token:operator admin\nrevoke token:right\n"));
    assertThat(
            admin("operator")
                .checkAccess(own.toBuilder().setPrincipal("token:right").build())
                .getAllowed())
        .isFalse();
  }

  @Test
  void access_withAnUnknownOperation_isABadRequest() {
    try {
      admin("right")
          .checkAccess(CheckAccessRequest.newBuilder().setOperation("aquire").setLock("a").build());
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(e.getStatus().getDescription()).contains("did you mean acquire");
      return;
    }
    throw new AssertionError("not refused");
  }
}
