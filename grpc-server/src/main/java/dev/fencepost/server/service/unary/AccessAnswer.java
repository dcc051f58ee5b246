package dev.fencepost.server.service.unary;

import dev.fencepost.proto.v1.CheckAccessRequest;
import dev.fencepost.proto.v1.CheckAccessResponse;
import dev.fencepost.server.security.AccessDecision;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.AccessQuestion;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.service.access.CallAccess;

/** Answers who may do what. */
final class AccessAnswer {
  private static final String ANONYMOUS = "anonymous";
  private static final String SERVER = "this server";

  private AccessAnswer() {}

  /** Returns the answer to a question. The line of the rules is told to administrators only. */
  static CheckAccessResponse of(CallAccess access, CheckAccessRequest request) {
    String principal = principal(access, request.getPrincipal());
    if (!access.isCaller(principal)) {
      access.require(AccessOperation.ADMIN, TargetKind.SERVER, SERVER);
    }
    AccessDecision decision = access.explain(principal, question(request));
    CheckAccessResponse.Builder response =
        CheckAccessResponse.newBuilder().setAllowed(decision.allowed()).setPrincipal(principal);
    if (access.allows(AccessOperation.ADMIN, TargetKind.SERVER, SERVER)) {
      response.setRuleLine(decision.line().orElse(0)).setRulesDigest(access.rulesDigest());
    }
    return response.build();
  }

  private static String principal(CallAccess access, String asked) {
    return asked.isEmpty() ? access.principal() : asked.equals(ANONYMOUS) ? "" : asked;
  }

  private static AccessQuestion question(CheckAccessRequest request) {
    return switch (request.getTargetCase()) {
      case LOCK -> AccessQuestion.of(request.getOperation(), TargetKind.LOCK, request.getLock());
      case RESOURCE ->
          AccessQuestion.of(request.getOperation(), TargetKind.RESOURCE, request.getResource());
      case TARGET_NOT_SET -> AccessQuestion.of(request.getOperation(), TargetKind.SERVER, "");
    };
  }
}
