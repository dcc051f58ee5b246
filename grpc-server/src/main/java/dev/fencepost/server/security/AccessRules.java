package dev.fencepost.server.security;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Rules in force. A matching {@code deny} refuses; else a matching {@code allow} allows; else the
 * operation is refused. Without a file everything is allowed. Thread-safe and, but for a cache of
 * compiled rights, immutable.
 */
public final class AccessRules {
  /** Most principals whose compiled rights are kept. */
  private static final int MAX_CACHED = 10_000;

  /** The rules of a server without a rules file. */
  public static final AccessRules NONE =
      new AccessRules(
          new RulesFile(List.of(), Map.of(), RevokedCredentials.NONE, List.of(), ""), false);

  private final RulesFile file;
  private final boolean limited;
  private final Map<String, PrincipalRights> cache = new ConcurrentHashMap<>();

  private AccessRules(RulesFile file, boolean limited) {
    this.file = file;
    this.limited = limited;
  }

  /**
   * Puts a file in force.
   *
   * @throws IllegalArgumentException if it has errors
   */
  public static AccessRules of(RulesFile file) {
    if (!file.isValid()) {
      throw new IllegalArgumentException("the rules have errors");
    }
    return new AccessRules(file, true);
  }

  /** Returns 16 hex digits that name the content of the file; empty if there is none. */
  public String digest() {
    return file.digest();
  }

  /** Returns true if there is a rules file. */
  public boolean areLimited() {
    return limited;
  }

  /**
   * Returns the name under which the grants of a principal are recorded.
   *
   * @param principal typed name; empty for an anonymous caller
   * @return its alias, or the typed name
   */
  public String canonical(String principal) {
    return file.aliasByName().getOrDefault(principal, principal);
  }

  /** Returns true if both names are of the same principal now. */
  public boolean areSame(String a, String b) {
    return canonical(a).equals(canonical(b));
  }

  /** Returns the credentials that are refused. */
  public RevokedCredentials revoked() {
    return file.revoked();
  }

  /** Returns true if the principal is revoked by its typed name or its alias. */
  public boolean isRevoked(String principal) {
    return file.revoked().principals().contains(principal)
        || file.revoked().principals().contains(canonical(principal));
  }

  /** Returns true if the certificate with this SHA-256, in hex digits, is revoked. */
  public boolean isCertificateRevoked(String fingerprint) {
    return file.revoked().certificates().contains(fingerprint);
  }

  /** Returns true if the JWT with this id is revoked. */
  public boolean isTokenIdRevoked(String id) {
    return file.revoked().tokenIds().contains(id);
  }

  /** Returns the rights of a principal, by its typed name or alias. */
  public PrincipalRights rightsOf(String principal) {
    if (!limited) {
      return PrincipalRights.ALL;
    }
    PrincipalRights known = cache.get(principal);
    if (known != null) {
      return known;
    }
    PrincipalRights compiled = compile(about(principal));
    if (cache.size() >= MAX_CACHED) {
      cache.clear();
    }
    cache.put(principal, compiled);
    return compiled;
  }

  /** Answers with the line that decides, for people. Slower than {@link #rightsOf}. */
  public AccessDecision explain(
      String principal, AccessOperation operation, TargetKind kind, String name) {
    if (!limited) {
      return new AccessDecision(true, Optional.empty());
    }
    List<AccessRule> matching =
        file.rules().stream()
            .filter(rule -> rule.target() == kind && rule.operations().contains(operation))
            .filter(rule -> rule.name().matches(name))
            .filter(rule -> rule.who().stream().anyMatch(about(principal)))
            .toList();
    Optional<AccessRule> denial = matching.stream().filter(rule -> !rule.allow()).findFirst();
    return new AccessDecision(
        !matching.isEmpty() && denial.isEmpty(),
        denial.or(() -> matching.stream().findFirst()).map(AccessRule::line));
  }

  /** Answers a question about a principal, with the line that decides. */
  public AccessDecision explain(String principal, AccessQuestion question) {
    return explain(principal, question.operation(), question.kind(), question.name());
  }

  private Predicate<PrincipalPattern> about(String principal) {
    String canonical = canonical(principal);
    return pattern -> pattern.matches(principal, canonical);
  }

  /** Compiles the rights of the principals that a pattern of a rule is about. */
  PrincipalRights rightsOf(PrincipalPattern principals) {
    return compile(pattern -> pattern.covers(principals) || coversMember(pattern, principals));
  }

  /** A typed name has the rights of its alias too. */
  private boolean coversMember(PrincipalPattern pattern, PrincipalPattern member) {
    return member.kind() == PrincipalPattern.Kind.EXACT
        && pattern.matches(member.text(), canonical(member.text()));
  }

  private PrincipalRights compile(Predicate<PrincipalPattern> isMeant) {
    return new PrincipalRights(
        file.rules().stream().filter(rule -> rule.who().stream().anyMatch(isMeant)).toList());
  }

  List<AccessRule> rules() {
    return file.rules();
  }
}
