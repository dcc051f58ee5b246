package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** A curve for each contender over the number of threads, both axes by powers, as SVG. */
final class Plot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final int LEFT = 70;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int LEGEND = 230;
  private static final List<String> COLORS =
      List.of(
          "#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#6a4c93", "#00798c", "#8d6a3f", "#444444");

  private final String title;
  private final List<Curve> curves;
  private final double lowX;
  private final double highX;
  private final double lowY;
  private final double highY;

  /** A point of a curve. */
  record Point(double x, double y) {}

  /** A contender's points, left to right. */
  record Curve(String name, List<Point> points) {}

  Plot(String title, List<Curve> curves) {
    this.title = title;
    this.curves = curves;
    lowX = extreme(Point::x, -1);
    highX = extreme(Point::x, 1);
    lowY = Math.pow(10, Math.floor(Math.log10(extreme(Point::y, -1))));
    highY = Math.pow(10, Math.ceil(Math.log10(extreme(Point::y, 1) * 1.01)));
  }

  String svg() {
    StringBuilder svg = new StringBuilder();
    add(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\"", WIDTH, HEIGHT);
    add(svg, " font-family=\"sans-serif\" font-size=\"12\">\n");
    add(svg, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", WIDTH, HEIGHT);
    add(svg, "<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n", LEFT, title);
    for (double y = lowY; y <= highY * 1.01; y *= 10) {
      add(
          svg,
          "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n",
          LEFT,
          WIDTH - LEGEND,
          y(y),
          y(y));
      add(
          svg,
          "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
          LEFT - 6,
          y(y) + 4,
          number(y));
    }
    curves.stream()
        .flatMap(curve -> curve.points().stream())
        .map(Point::x)
        .distinct()
        .forEach(
            x ->
                add(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                    x(x),
                    HEIGHT - BOTTOM + 18,
                    number(x)));
    add(
        svg,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">threads</text>\n",
        (LEFT + WIDTH - LEGEND) / 2,
        HEIGHT - 12);
    for (int i = 0; i < curves.size(); i++) {
      draw(svg, curves.get(i), i);
    }
    return svg.append("</svg>\n").toString();
  }

  private void draw(StringBuilder svg, Curve curve, int index) {
    String color = COLORS.get(index % COLORS.size());
    // Ours stand out.
    int width = curve.name().startsWith("Fencepost") ? 3 : 1;
    add(svg, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%d\" points=\"", color, width);
    curve.points().forEach(point -> add(svg, "%.1f,%.1f ", x(point.x()), y(point.y())));
    add(svg, "\"/>\n");
    curve
        .points()
        .forEach(
            point ->
                add(
                    svg,
                    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
                    x(point.x()),
                    y(point.y()),
                    color));
    int y = TOP + 18 * index;
    add(
        svg,
        "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"4\" fill=\"%s\"/>\n",
        WIDTH - LEGEND + 12,
        y + 4,
        color);
    add(svg, "<text x=\"%d\" y=\"%d\">%s</text>\n", WIDTH - LEGEND + 32, y + 10, curve.name());
  }

  private double x(double value) {
    double share = highX > lowX ? Math.log(value / lowX) / Math.log(highX / lowX) : 0.5;
    return LEFT + 10 + share * (WIDTH - LEGEND - LEFT - 20);
  }

  private double y(double value) {
    double share = Math.log(value / lowY) / Math.log(highY / lowY);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  private double extreme(ToDoubleFunction<Point> of, int sign) {
    return sign
        * curves.stream()
            .flatMap(curve -> curve.points().stream())
            .mapToDouble(of)
            .map(value -> sign * value)
            .max()
            .orElse(sign);
  }

  private static String number(double value) {
    return value >= 1
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%s", value);
  }

  private static void add(StringBuilder svg, String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values));
  }
}
