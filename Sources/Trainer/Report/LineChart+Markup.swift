import Foundation

extension LineChart {
  /// Points of a curve that are drawn: more than a screen has columns would only make the file larger.
  static let mostPoints = 400
  /// Up to here each point is a dot that tells its numbers.
  private static let mostDots = 60

  /// The chart with its legend.
  var figure: Markup {
    let legend = series.indices.map { index in
      Markup.element(
        "span", ["class": "key c\(index % 6)"], series[index].name)
    }
    return .element(
      "figure", [:],
      [.element("figcaption", [:], [.element("b", [:], title)] + legend), picture])
  }

  private var picture: Markup {
    let curves = series.map { Self.thinned($0.points) }
    let frame = ChartFrame(
      horizontal: ChartAxis(showing: curves.joined().map(\.x), isTight: true),
      vertical: ChartAxis(showing: curves.joined().map(\.y), least: range))
    return frame.picture(
      title: title, across: horizontal,
      series.indices.flatMap { draw(curves[$0], series[$0].name, index: $0, in: frame) })
  }

  private func draw(
    _ points: [Point], _ name: String, index: Int, in frame: ChartFrame
  ) -> [Markup] {
    let curve = Markup.element(
      "path", ["class": "curve c\(index % 6)", "d": frame.path(through: points)])
    guard points.count <= Self.mostDots else { return [curve] }
    return [curve]
      + points.filter { $0.x.isFinite && $0.y.isFinite }.map { point in
        let place = frame.place(point.x, point.y)
        return .element(
          "circle",
          [
            "class": "dot c\(index % 6)", "cx": ChartFrame.text(place.x),
            "cy": ChartFrame.text(place.y), "r": "2.6",
          ],
          [
            .element(
              "title", [:], "\(name) \(String(format: "%.4g at %.6g", point.y, point.x))")
          ])
      }
  }

  /// At most so many points of a curve: the least and the largest of each stretch, in their order, so
  /// that peaks stay.
  static func thinned(_ points: [Point], to most: Int = mostPoints) -> [Point] {
    guard points.count > most else { return points }
    let stretches = most / 2
    return (0..<stretches).flatMap { index in
      let range = (index * points.count / stretches)..<((index + 1) * points.count / stretches)
      let finite = range.filter { points[$0].y.isFinite }
      guard let least = finite.min(by: { points[$0].y < points[$1].y }),
        let largest = finite.max(by: { points[$0].y < points[$1].y })
      else { return [points[range.lowerBound]] }
      return Set([least, largest]).sorted().map { points[$0] }
    }
  }
}
