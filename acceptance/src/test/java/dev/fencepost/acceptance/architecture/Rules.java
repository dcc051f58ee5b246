package dev.fencepost.acceptance.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noCodeUnits;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The kinds of rules. A rule that finds no class to judge fails. */
final class Rules {

  private static final String[] JAVA = {
    "java..", "javax.net.ssl..", "javax.sql..", "org.jspecify.annotations.."
  };

  /** What reads a wall clock, stops a thread or ends the process, by class. */
  private static final Map<String, Set<String>> UNCONTROLLED =
      Map.of(
          "java.lang.System", Set.of("currentTimeMillis", "exit"),
          "java.lang.Runtime", Set.of("exit", "halt"),
          "java.lang.Thread", Set.of("sleep"),
          "java.util.concurrent.TimeUnit", Set.of("sleep"),
          "java.util.Date", Set.of("<init>"),
          "java.time.Clock", Set.of("systemUTC", "systemDefaultZone", "system", "tickMillis"),
          "java.time.Instant", Set.of("now"),
          "java.time.LocalDateTime", Set.of("now"),
          "java.time.OffsetDateTime", Set.of("now"),
          "java.time.ZonedDateTime", Set.of("now"));

  private Rules() {}

  /** Classes of the package know the JDK, JSpecify and the allowed packages only. */
  static ArchRule knowsOnly(String origin, String... allowed) {
    String[] all =
        Stream.of(new String[] {origin}, JAVA, allowed)
            .flatMap(Arrays::stream)
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage(origin)
        .should()
        .dependOnClassesThat(resideOutsideOfPackages(all))
        .allowEmptyShould(false);
  }

  /** No class of the package but the one that is named knows any of the other packages. */
  static ArchRule knowsOnlyThrough(String door, String origin, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(origin)
        .and()
        .doNotHaveFullyQualifiedName(door)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
        .allowEmptyShould(false);
  }

  /** No class of the package knows any of the other packages. */
  static ArchRule doesNotKnow(String origin, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(origin)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
        .allowEmptyShould(false);
  }

  /** Slices, by what stands in the parentheses, do not know each other in a circle. */
  static ArchRule hasNoCycles(String packages) {
    return slices().matching(packages).should().beFreeOfCycles().allowEmptyShould(false);
  }

  /** As {@link #hasNoCycles}, leaving out the arrows from one class to the packages. */
  static ArchRule hasNoCyclesBut(String door, String behind, String packages) {
    return slices()
        .matching(packages)
        .should()
        .beFreeOfCycles()
        .ignoreDependency(
            DescribedPredicate.describe("door", each -> each.getFullName().equals(door)),
            resideInAPackage(behind))
        .allowEmptyShould(false);
  }

  /** Slices, by what stands in the parentheses, do not know each other at all. */
  static ArchRule areStrangers(String packages) {
    return slices().matching(packages).should().notDependOnEachOther().allowEmptyShould(false);
  }

  /** All public top-level classes of the package are of the type. */
  static ArchRule showsOnly(String origin, Class<?> type) {
    return classes()
        .that()
        .resideInAPackage(origin)
        .and()
        .areTopLevelClasses()
        .and()
        .arePublic()
        .should()
        .beAssignableTo(type)
        .allowEmptyShould(false);
  }

  /** Classes outside of the package know only those of its classes that are of the type. */
  static ArchRule isKnownOnlyThrough(Class<?> type, String origin) {
    return noClasses()
        .that()
        .resideOutsideOfPackage(origin)
        .should()
        .dependOnClassesThat(resideInAPackage(origin).and(not(assignableTo(type))))
        .allowEmptyShould(false);
  }

  /** No public or protected member of the shown package has a type of the hidden one. */
  static ArchRule showsNothingOf(String hidden, String shown) {
    return noCodeUnits()
        .that()
        .areDeclaredInClassesThat()
        .resideInAPackage(shown)
        .and(
            DescribedPredicate.describe(
                "are public or protected",
                each ->
                    each.getModifiers().contains(JavaModifier.PUBLIC)
                        || each.getModifiers().contains(JavaModifier.PROTECTED)))
        .should(
            ArchCondition.from(
                DescribedPredicate.describe(
                    "have a type of " + hidden + " in the signature",
                    each -> signature(each).anyMatch(resideInAPackage(hidden)))))
        .allowEmptyShould(false);
  }

  /** Classes of the package are used by classes of the users' package only. */
  static ArchRule isUsedOnlyBy(String used, String users) {
    return classes()
        .that()
        .resideInAPackage(used)
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAPackage(users)
        .allowEmptyShould(false);
  }

  /** No class but the listed ones touches what {@link #UNCONTROLLED} names. */
  static ArchRule touchesNothingUncontrolled(Set<String> exceptions) {
    return noClasses()
        .that(
            DescribedPredicate.describe(
                "are not listed", each -> !exceptions.contains(each.getFullName())))
        .should()
        .accessTargetWhere(
            DescribedPredicate.describe(
                "reads a wall clock, stops a thread or ends the process", Rules::isUncontrolled))
        .allowEmptyShould(false);
  }

  private static boolean isUncontrolled(JavaAccess<?> access) {
    return UNCONTROLLED
        .getOrDefault(access.getTargetOwner().getFullName(), Set.of())
        .contains(access.getTarget().getName());
  }

  private static Stream<JavaClass> signature(JavaCodeUnit unit) {
    return Stream.of(
            unit.getReturnType().getAllInvolvedRawTypes().stream(),
            unit.getParameterTypes().stream()
                .flatMap(each -> each.getAllInvolvedRawTypes().stream()),
            unit.getExceptionTypes().stream())
        .flatMap(each -> each);
  }
}
