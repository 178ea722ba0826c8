import Foundation

extension SearchHistory {
  /// The chart with its legend.
  var figure: Markup {
    let values = attempts.map(\.value).filter(\.isFinite)
    let range = common(values)
    let frame = ChartFrame(
      horizontal: ChartAxis(
        showing: [0, Double(max(1, attempts.map(\.number).max() ?? 1))], isTight: true),
      vertical: ChartAxis(showing: [range.lowerBound, range.upperBound]))
    let legend = [("complete", "c0"), ("given up", "c1"), ("best so far", "c2")].map {
      Markup.element("span", ["class": "key \($1)"], $0)
    }
    let dots = attempts.filter(\.value.isFinite).map { attempt in
      // What is far out of the common range stands at its end.
      let shown = min(range.upperBound, max(range.lowerBound, attempt.value))
      let place = frame.place(Double(attempt.number), shown)
      return Markup.element(
        "circle",
        [
          "class": "dot \(attempt.isComplete ? "c0" : "c1")", "cx": ChartFrame.text(place.x),
          "cy": ChartFrame.text(place.y), "r": "3",
        ],
        [
          .element(
            "title", [:],
            "trial \(attempt.number): \(metric) \(String(format: "%.5g", attempt.value))")
        ])
    }
    let curve = Markup.element(
      "path",
      ["class": "curve c2", "d": frame.path(through: LineChart.thinned(best))])
    return .element(
      "figure", [:],
      [
        .element("figcaption", [:], [.element("b", [:], "What the trials came to")] + legend),
        frame.picture(
          title: "\(metric) by trial", across: "trial", up: metric, [curve] + dots),
      ])
  }

  /// The range of values without those that are far out, and of the best ones.
  private func common(_ values: [Double]) -> ClosedRange<Double> {
    guard let least = values.min(), let largest = values.max() else { return 0...1 }
    let middle = Self.median(values)
    let far = 6 * Self.median(values.map { abs($0 - middle) })
    let best = best.map(\.y).filter(\.isFinite)
    let low = max(least, min(middle - far, best.min() ?? middle))
    let high = min(largest, max(middle + far, best.max() ?? middle))
    return low...max(low, high)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension ParallelCoordinates {
  private static let (width, height) = (960.0, 340.0)
  private static let (left, right, top, bottom) = (100.0, 60.0, 34.0, 16.0)

  /// The picture.
  var figure: Markup {
    .element(
      "figure", ["class": "scroll"],
      [
        .element("figcaption", [:], [.element("b", [:], title)]),
        .element(
          "svg",
          [
            "viewBox": "0 0 \(Int(Self.width)) \(Int(Self.height))", "role": "img",
            "aria-label": title, "class": "broad", "xmlns": "http://www.w3.org/2000/svg",
          ], lines.map(draw) + axes.indices.flatMap(drawAxis)),
      ])
  }

  private func x(_ axis: Int) -> Double {
    Self.left + (Self.width - Self.left - Self.right) * Double(axis)
      / Double(max(1, axes.count - 1))
  }

  private func y(_ place: Double) -> Double {
    Self.height - Self.bottom - place * (Self.height - Self.top - Self.bottom)
  }

  private func drawAxis(_ index: Int) -> [Markup] {
    let axis = axes[index]
    let x = ChartFrame.text(x(index))
    let line = Markup.element(
      "path",
      [
        "class": "grid",
        "d": "M\(x) \(ChartFrame.text(y(0)))L\(x) \(ChartFrame.text(y(1)))",
      ])
    // Names of neighbours are longer than the room between them: by turns above and below.
    let name = Markup.element(
      "text",
      ["x": x, "y": ChartFrame.text(index.isMultiple(of: 2) ? 12 : 26), "text-anchor": "middle"],
      axis.name)
    let labels = axis.labels.map { label in
      Markup.element(
        "text",
        [
          "x": ChartFrame.text(self.x(index) - 5), "y": ChartFrame.text(y(label.place) + 4),
          "text-anchor": "end",
        ], label.text)
    }
    return [line, name] + labels
  }

  private func draw(_ line: Line) -> Markup {
    // Straight on past axes on which it has no value.
    let crossings = line.places.enumerated().compactMap { axis, place in
      place.map { "\(ChartFrame.text(x(axis))) \(ChartFrame.text(y($0)))" }
    }
    return .element(
      "path",
      [
        "class": "attempt", "d": "M" + crossings.joined(separator: "L"),
        "style": String(format: "--p:%.3f", line.rank),
      ], [.element("title", [:], line.name)])
  }
}

extension ShareBars {
  /// The bars with their names and numbers.
  var figure: Markup {
    let rows = bars.map { bar in
      Markup.element(
        "tr", [:],
        [
          .element("th", ["scope": "row"], bar.name),
          .element(
            "td", ["class": "share", "style": String(format: "--p:%.3f", bar.value)],
            [.element("i")]),
          .element("td", [:], String(format: "%.2f", bar.value)),
        ])
    }
    return .element(
      "figure", [:],
      [
        .element("figcaption", [:], [.element("b", [:], title)]),
        .element("table", ["class": "facts"], rows),
      ])
  }
}
