package dev.fencepost.spring;

import java.lang.reflect.Method;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.expression.MethodBasedEvaluationContext;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.common.TemplateParserContext;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/** The name of a lock, with parts in SpEL. Thread-safe. */
final class LockNameTemplate {
  private static final ParameterNameDiscoverer NAMES = new DefaultParameterNameDiscoverer();
  private static final Pattern VARIABLE = Pattern.compile("#([A-Za-z_]\\w*)");
  private static final Pattern BY_POSITION = Pattern.compile("[ap]\\d+");

  private final Expression expression;

  private LockNameTemplate(Expression expression) {
    this.expression = expression;
  }

  /**
   * Parses the text.
   *
   * @throws IllegalStateException if it is no SpEL, or names a parameter that is not known
   */
  static LockNameTemplate parse(String text, Method method) {
    Expression expression;
    try {
      expression = new SpelExpressionParser().parseExpression(text, new TemplateParserContext());
    } catch (ParseException e) {
      throw LockedMethod.invalid(method, "has the name " + text + ": " + e.getMessage());
    }
    Matcher variables = VARIABLE.matcher(text);
    while (variables.find()) {
      requireKnown(method, variables.group(1));
    }
    return new LockNameTemplate(expression);
  }

  /** Returns the name for one call. */
  String evaluate(Object target, Method method, @Nullable Object[] arguments) {
    String name =
        expression.getValue(
            new MethodBasedEvaluationContext(target, method, arguments, NAMES), String.class);
    return name == null ? "" : name;
  }

  private static void requireKnown(Method method, String variable) {
    if (variable.equals("root") || variable.equals("this")) {
      return;
    }
    if (BY_POSITION.matcher(variable).matches()
        && Integer.parseInt(variable.substring(1)) < method.getParameterCount()) {
      return;
    }
    String[] names = NAMES.getParameterNames(method);
    if (names == null) {
      throw LockedMethod.invalid(
          method, "uses #" + variable + ": compile with -parameters, or use #a0");
    }
    for (String name : names) {
      if (variable.equals(name)) {
        return;
      }
    }
    throw LockedMethod.invalid(method, "uses #" + variable + ", which is no parameter");
  }
}
