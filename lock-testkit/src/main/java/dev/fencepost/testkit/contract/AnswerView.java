package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One side's view of a lock, in a form that can be compared: tokens are replaced by their rank,
 * times are left out.
 */
final class AnswerView {

  private final List<FencingToken> tokens = new ArrayList<>();
  private final Map<Integer, GrantRef> grants = new HashMap<>();

  /** Returns the ranks of the tokens of its grants. */
  List<Integer> grantNumbers() {
    return grants.keySet().stream().sorted().toList();
  }

  GrantRef grant(int number) {
    return grants.computeIfAbsent(
        number,
        n -> {
          throw new IllegalStateException("no grant has number " + n);
        });
  }

  FencingToken token(int number) {
    return tokens.get(number);
  }

  /** Returns the kinds of answers in a text made by this class. */
  static String[] kinds(String shown) {
    return shown.replaceAll("\\([^)]*\\)", "").strip().split(" *& *");
  }

  String show(Attempt attempt) {
    return attempt.fold(
        granted -> show(granted.grant()),
        busy -> "busy(" + show(busy.state()) + ")",
        foreign -> show(foreign.maker()));
  }

  String show(Renewal renewal) {
    return renewal.fold(
        renewed -> "renewed(" + number(renewed.grant().token()) + ")",
        lost -> "lost(" + show(lost.loss()) + ")",
        foreign -> show(foreign.maker()));
  }

  String show(Release release) {
    return release.fold(
        released -> "released",
        withdrawn -> "withdrawn",
        notHeld -> "not held(" + show(notHeld.reason()) + ")",
        foreign -> show(foreign.maker()));
  }

  String show(Revocation revocation) {
    return revocation.fold(
        revoked ->
            "revoked("
                + number(revoked.former().token())
                + revoked.closing().map(token -> " closing " + number(token)).orElse("")
                + ")",
        nobody -> "nobody",
        mismatch -> "mismatch(" + number(mismatch.current().token()) + ")");
  }

  String show(LockState state) {
    String standing =
        state
            .status()
            .fold(
                held -> "held by " + held.holder().claimTag() + " " + number(held.holder().token()),
                closed -> "closed turn=" + closed.turn().map(Object::toString).orElse("nobody"),
                free -> "free");
    String last = state.lastToken().map(this::number).orElse("none");
    return standing + " last=" + last + " line=" + state.replicaQueue();
  }

  private String show(OtherPrincipal maker) {
    return "foreign(" + maker.recorded() + " " + number(maker.token()) + ")";
  }

  private String show(Grant grant) {
    String number = number(grant.token());
    grants.put(tokens.indexOf(grant.token()), grant.ref());
    return "granted " + grant.origin() + "(" + number + ")";
  }

  private String show(GrantLoss loss) {
    return show(loss.reason())
        + " "
        + loss.detail()
        + " last="
        + loss.lastToken().map(this::number).orElse("none");
  }

  /** Not every store remembers that a grant was released. */
  private static String show(LossReason reason) {
    return (reason == LossReason.RELEASED ? LossReason.EXPIRED : reason).toString();
  }

  private String number(FencingToken token) {
    int known = tokens.indexOf(token);
    if (known >= 0) {
      return "#" + known;
    }
    if (!tokens.isEmpty() && token.compareTo(tokens.get(tokens.size() - 1)) < 0) {
      throw new AssertionError("token " + token + " is new but not the highest of " + tokens);
    }
    tokens.add(token);
    return "#" + (tokens.size() - 1);
  }
}
