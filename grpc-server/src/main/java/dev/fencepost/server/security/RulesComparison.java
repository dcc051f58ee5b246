package dev.fencepost.server.security;

import dev.fencepost.server.security.NamePattern.Reach;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compares the rights that two rules files give. The names that the files mention divide all names
 * into regions in which every right is the same, so one sample of each region is enough.
 */
final class RulesComparison {
  /** Most lines of a comparison. */
  private static final int MAX_LINES = 1_000;

  /** A text that no name in a rules file contains, because it is a control character. */
  private static final String UNMENTIONED = "\u0001";

  private final AccessRules before;
  private final AccessRules after;

  RulesComparison(AccessRules before, AccessRules after) {
    this.before = before;
    this.after = after;
  }

  /** A region of the names of one kind. */
  private record Region(TargetKind kind, NamePattern names) {
    String sample() {
      return names.reach() == Reach.EXACT ? names.text() : names.text() + UNMENTIONED;
    }

    String describe() {
      return switch (kind) {
        case LOCK -> " on " + names;
        case RESOURCE -> " on resource " + names;
        case SERVER -> "";
      };
    }
  }

  /** Returns one line for each principal and gain or loss; empty if nothing differs. */
  List<String> lines() {
    Set<Region> regions = regions();
    List<String> lines = new ArrayList<>();
    for (PrincipalPattern each : principals()) {
      PrincipalRights old = before.rightsOf(each);
      PrincipalRights now = after.rightsOf(each);
      lines.addAll(changes("gains ", each, regions, old, now));
      lines.addAll(changes("loses ", each, regions, now, old));
      if (lines.size() > MAX_LINES) {
        lines.subList(MAX_LINES, lines.size()).clear();
        lines.add("and more");
        return lines;
      }
    }
    return lines;
  }

  private static List<String> changes(
      String word,
      PrincipalPattern who,
      Set<Region> regions,
      PrincipalRights without,
      PrincipalRights with) {
    Map<String, List<String>> byOperations = new LinkedHashMap<>();
    for (Region region : regions) {
      int more =
          with.mask(region.kind, region.sample()) & ~without.mask(region.kind, region.sample());
      if (more != 0) {
        String operations =
            AccessOperation.ofMask(more).stream()
                .map(AccessOperation::word)
                .collect(Collectors.joining(", "));
        byOperations.computeIfAbsent(operations, none -> new ArrayList<>()).add(region.describe());
      }
    }
    List<String> lines = new ArrayList<>();
    byOperations.forEach(
        (operations, places) ->
            places.forEach(place -> lines.add(word + " " + who + ": " + operations + place)));
    return lines;
  }

  private Set<PrincipalPattern> principals() {
    return Stream.concat(before.rules().stream(), after.rules().stream())
        .flatMap(rule -> rule.who().stream())
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private Set<Region> regions() {
    Set<Region> regions = new LinkedHashSet<>();
    for (TargetKind kind : TargetKind.values()) {
      regions.add(new Region(kind, NamePattern.ALL));
    }
    Stream.concat(before.rules().stream(), after.rules().stream())
        .forEach(rule -> regions.add(new Region(rule.target(), rule.name())));
    return regions;
  }
}
