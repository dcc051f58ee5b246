package dev.fencepost.server;

import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.config.AccessSettings;
import dev.fencepost.server.config.AccessSettings.Anonymous;
import dev.fencepost.server.config.AccessSettings.Unowned;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificateName;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.JwtChecks;
import dev.fencepost.server.identity.JwtKeyReader;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.ProtectedFile;
import dev.fencepost.server.security.RulesReloader;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.transport.ConnectionRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads rules, tokens and the keys of JWTs four times a second. Content that is new and was equal
 * in two reads in a row is put in force.
 */
final class AccessFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AccessFiles.class);
  private static final long POLL_MILLIS = 250;

  private final AccessSettings settings;
  private final AccessAudit audit;
  private final Optional<RulesReloader> rules;
  private final AccessControl control;
  private final Optional<JwtKeyReader> jwtKeys;
  private final Optional<JwtChecks> jwts;
  private final ScheduledExecutorService reader =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "fencepost-access");
            thread.setDaemon(true);
            return thread;
          });
  private byte[] judgedTokens = new byte[0];
  private byte[] lastTokens = new byte[0];
  private boolean tokensUnreadable;
  private TokensFile tokens = TokensFile.parse(new byte[0]);
  private JwtKeys keysInForce = JwtKeys.NONE;

  private AccessFiles(AccessSettings settings, Optional<RulesReloader> rules, AuditTrail trail)
      throws StartException {
    this.settings = settings;
    this.audit = new AccessAudit(trail);
    this.rules = rules;
    if (settings.tokensFile().isPresent()) {
      Path file = settings.tokensFile().get();
      try {
        judgedTokens = bytes(file);
      } catch (IOException e) {
        throw new StartException(file + ": it cannot be read: " + e, e);
      }
      tokens = TokensFile.parse(judgedTokens);
      if (!tokens.problems().isEmpty()) {
        String problems = String.join("\n" + file + ":", tokens.problems());
        throw new StartException(
            file + ":" + problems, new IOException("the tokens file has errors"));
      }
    }
    this.jwtKeys = settings.jwt().map(each -> JwtKeyReader.create(each, System::nanoTime));
    if (jwtKeys.isPresent()) {
      readKeys(jwtKeys.get());
    }
    Clock clock = Clock.systemUTC();
    this.jwts =
        settings
            .jwt()
            .map(
                each ->
                    new JwtChecks(
                        each,
                        this::acceptedKeys,
                        jwtKeys.orElseThrow()::requestKeys,
                        settings.expiredGrace(),
                        clock));
    this.control =
        new AccessControl(
            authenticator(),
            jwts,
            settings.expiredGrace(),
            settings.unowned() == Unowned.ALLOW,
            clock,
            trail);
    rules.ifPresent(file -> audit.recordRules(AccessRules.NONE, file.snapshot().rules()));
    settings.tokensFile().ifPresent(file -> audit.recordCredentials("tokens", tokens.size()));
    if (keysInForce.size() > 0) {
      audit.recordCredentials("keys of JWTs", keysInForce.size());
    }
  }

  /** Reads a file of keys. A URL is read later, so that an outage of it does not stop a start. */
  private void readKeys(JwtKeyReader keys) throws StartException {
    try {
      keys.readFile();
      keysInForce = keys.keys();
    } catch (IOException e) {
      keys.close();
      String file = settings.jwt().orElseThrow().keys();
      throw new StartException("identity.jwt.keys: " + file + ": " + e.getMessage(), e);
    }
  }

  /** Returns the keys by which calls are judged, so that no JWT passes one check of two. */
  private JwtKeys acceptedKeys() {
    return control.inForce().jwtKeys();
  }

  /**
   * Reads the files.
   *
   * @return empty if neither is set
   * @throws StartException if one of them cannot be used
   */
  static Optional<AccessFiles> open(AccessSettings settings, AuditTrail audit)
      throws StartException {
    if (!settings.isOn()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new AccessFiles(
              settings,
              settings.rulesFile().isPresent()
                  ? Optional.of(RulesReloader.load(settings.rulesFile().get()))
                  : Optional.empty(),
              audit));
    } catch (RulesReloader.RulesFileException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  AccessControl control() {
    return control;
  }

  /** Returns the reader of the keys of JWTs; empty if JWTs are no credentials. */
  Optional<JwtKeyReader> jwtKeys() {
    return jwtKeys;
  }

  /** Describes for people, in lines, what the files contain. */
  List<String> summary() {
    List<String> lines = new ArrayList<>();
    rules.ifPresent(file -> lines.add("rules " + file.snapshot().rules().digest()));
    settings.tokensFile().ifPresent(file -> lines.add(tokens.size() + " tokens from " + file));
    settings
        .jwt()
        .ifPresent(
            jwt ->
                lines.add(
                    "JWTs of "
                        + jwt.issuer()
                        + " for "
                        + jwt.audience()
                        + " are jwt:"
                        + jwt.name()
                        + "/sub; "
                        + (jwt.isUrl()
                            ? "keys from " + jwt.keys() + ", not read"
                            : keysInForce.size() + " keys from " + jwt.keys())));
    return lines;
  }

  /** Begins to read the files again and again. */
  @SuppressWarnings("FutureReturnValueIgnored") // poll catches what it throws
  void watch(ConnectionRegistry connections) {
    jwtKeys.ifPresent(JwtKeyReader::start);
    reader.scheduleWithFixedDelay(
        () -> poll(connections), POLL_MILLIS, POLL_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    reader.shutdownNow();
    jwtKeys.ifPresent(JwtKeyReader::close);
    jwts.ifPresent(JwtChecks::close);
  }

  private void poll(ConnectionRegistry connections) {
    try {
      boolean changed = pollRules();
      changed |= pollTokens();
      changed |= pollKeys();
      if (changed) {
        control.replace(authenticator());
        audit.recordClosed(connections.closeIf(control.inForce()::isRevoked));
      } else {
        control.endExpired();
      }
    } catch (RuntimeException | Error e) {
      // An exception would end all later reads, so that no right could be withdrawn any more.
      LOG.error("rules and tokens could not be read again", e);
    }
  }

  private boolean pollRules() {
    if (rules.isEmpty()) {
      return false;
    }
    RulesReloader file = rules.get();
    AccessRules former = file.snapshot().rules();
    int refused = file.refusedCount();
    boolean changed = file.poll();
    if (changed) {
      audit.recordRules(former, file.snapshot().rules());
    } else if (file.refusedCount() > refused) {
      audit.recordRefusedRules(former);
    }
    return changed;
  }

  private boolean pollKeys() {
    JwtKeys former = keysInForce;
    keysInForce = jwtKeys.map(JwtKeyReader::keys).orElse(JwtKeys.NONE);
    if (keysInForce == former) {
      return false;
    }
    audit.recordCredentials("keys of JWTs", keysInForce.size());
    return true;
  }

  private boolean pollTokens() {
    if (settings.tokensFile().isEmpty()) {
      return false;
    }
    Path file = settings.tokensFile().get();
    try {
      byte[] content = bytes(file);
      tokensUnreadable = false;
      boolean isStable = Arrays.equals(content, lastTokens);
      lastTokens = content;
      if (!isStable || Arrays.equals(content, judgedTokens)) {
        return false;
      }
      judgedTokens = content;
      TokensFile next = TokensFile.parse(content);
      if (next.problems().isEmpty()) {
        tokens = next;
        LOG.info("tokens read again from {}", file);
        audit.recordCredentials("tokens", tokens.size());
        return true;
      }
      LOG.error("the tokens file has errors; the old tokens stay valid: {}", next.problems());
    } catch (IOException e) {
      if (!tokensUnreadable) {
        LOG.error("the tokens file cannot be read; the old tokens stay valid: {}", e.toString());
      }
      tokensUnreadable = true;
    }
    return false;
  }

  private CallerAuthenticator authenticator() {
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(CertificateName.values()), Set.of()),
        tokens,
        keysInForce,
        rules.map(file -> file.snapshot().rules()).orElse(AccessRules.NONE),
        settings.anonymous() == Anonymous.ALLOW);
  }

  private static byte[] bytes(Path file) throws IOException {
    return ProtectedFile.read(file, TokensFile.MAX_BYTES + 1);
  }
}
