import Foundation

extension AffectTraces {
  /// Points of a curve that are drawn: enough for half a page's width, and few enough for many
  /// recordings.
  static let mostPoints = 300
  private static let dimensions = ["valence", "arousal"]

  /// Both charts side by side, or one below the other where there is no room.
  var figure: Markup {
    let names =
      [("truth", "truth"), ("as predicted", "raw")]
      + (processed == nil ? [] : [("post-processed", "processed")])
    let legend = names.map { Markup.element("span", ["class": "key \($1)"], $0) }
    return .element(
      "figure", [:],
      [
        .element(
          "figcaption", [:],
          [.element("b", [:], name)] + legend + [.element("span", [:], caption)]),
        .element("div", ["class": "pair"], Self.dimensions.indices.map(picture)),
      ])
  }

  private func picture(of dimension: Int) -> Markup {
    let curves = [(truth, "truth"), (predictions, "raw"), (processed ?? [], "processed")].map {
      (points: points(of: $0.0, dimension), kind: $0.1)
    }
    let frame = ChartFrame(
      horizontal: ChartAxis(
        showing: [0, Double(truth.count) * FrameClock.periodSeconds], isTight: true),
      vertical: ChartAxis(
        showing: curves.flatMap { $0.points.map(\.y) }, least: ranges[dimension]),
      width: 620, height: 210)
    return frame.picture(
      title: "\(name): \(Self.dimensions[dimension])", across: "seconds",
      up: Self.dimensions[dimension],
      curves.filter { !$0.points.isEmpty }.map { curve in
        .element(
          "path", ["class": "curve \(curve.kind)", "d": frame.path(through: curve.points)])
      })
  }

  /// A thinned curve of one dimension over seconds.
  private func points(of values: [SIMD2<Float>], _ dimension: Int) -> [LineChart.Point] {
    LineChart.thinned(
      values.indices.map {
        LineChart.Point(
          x: (Double($0) + 0.5) * FrameClock.periodSeconds, y: Double(values[$0][dimension]))
      }, to: Self.mostPoints)
  }
}
