import Foundation

/// The axes of a chart, and the way from numbers to places in an SVG picture.
struct ChartFrame {
  let horizontal: ChartAxis
  let vertical: ChartAxis
  /// Units of the picture; it is scaled to the width that the page gives it.
  let width: Double
  let height: Double
  // Room for the axes' numbers.
  private let left = 62.0
  private let right = 20.0
  private let top = 10.0
  private let bottom = 38.0

  init(
    horizontal: ChartAxis, vertical: ChartAxis, width: Double = 480, height: Double = 260
  ) {
    self.horizontal = horizontal
    self.vertical = vertical
    self.width = width
    self.height = height
  }

  /// Where a point of the chart is in the picture.
  func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    (
      left + horizontal.place(of: x) * (width - left - right),
      height - bottom - vertical.place(of: y) * (height - top - bottom)
    )
  }

  /// A curve through points, with a gap where one is not finite.
  func path(through points: [LineChart.Point]) -> String {
    var path = ""
    var isInLine = false
    for point in points {
      guard point.x.isFinite, point.y.isFinite else {
        isInLine = false
        continue
      }
      let place = place(point.x, point.y)
      path += "\(isInLine ? "L" : "M")\(Self.text(place.x)) \(Self.text(place.y))"
      isInLine = true
    }
    return path
  }

  /// A coordinate of the picture, in tenths.
  static func text(_ coordinate: Double) -> String { String(format: "%.1f", coordinate) }

  /// The picture: axes, then `content`.
  ///
  /// - Parameters:
  ///   - title: for who cannot see it.
  ///   - across: what is below the horizontal axis.
  ///   - up: what is beside the vertical axis; nil for nothing.
  func picture(title: String, across: String, up: String? = nil, _ content: [Markup]) -> Markup {
    .element(
      "svg",
      [
        "viewBox": "0 0 \(Int(width)) \(Int(height))", "role": "img", "aria-label": title,
        "xmlns": "http://www.w3.org/2000/svg",
      ], verticalTicks + horizontalTicks + names(across, up) + content)
  }

  private var verticalTicks: [Markup] {
    vertical.ticks.flatMap { tick in
      let from = place(horizontal.range.lowerBound, tick)
      let to = place(horizontal.range.upperBound, tick)
      return [
        line(from, to),
        label(vertical.label(of: tick), x: from.x - 6, y: from.y + 4, anchor: "end"),
      ]
    }
  }

  private var horizontalTicks: [Markup] {
    horizontal.ticks.flatMap { tick in
      let from = place(tick, vertical.range.lowerBound)
      return [
        line(from, (from.x, from.y + 4)),
        label(horizontal.label(of: tick), x: from.x, y: from.y + 17, anchor: "middle"),
      ]
    }
  }

  private func names(_ across: String, _ up: String?) -> [Markup] {
    let middle = (left + width - right) / 2
    let below = label(across, x: middle, y: height - 4, anchor: "middle")
    guard let up else { return [below] }
    let center = "\(Self.text(12)) \(Self.text((top + height - bottom) / 2))"
    let beside = Markup.element(
      "text",
      ["transform": "translate(\(center)) rotate(-90)", "text-anchor": "middle"], up)
    return [below, beside]
  }

  private func line(_ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) -> Markup {
    .element(
      "path",
      [
        "class": "grid",
        "d":
          "M\(Self.text(from.x)) \(Self.text(from.y))L\(Self.text(to.x)) \(Self.text(to.y))",
      ])
  }

  private func label(_ text: String, x: Double, y: Double, anchor: String) -> Markup {
    .element(
      "text", ["x": Self.text(x), "y": Self.text(y), "text-anchor": anchor], text)
  }
}
