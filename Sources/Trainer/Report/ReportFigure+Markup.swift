import Foundation

extension ReportFigure {
  /// The figure as HTML.
  var figure: Markup {
    switch self {
    case .lines(let chart): chart.figure
    case .plane(let plane): plane.figure
    case .confusion(let confusion): confusion.figure
    case .reliability(let calibration): calibration.figure
    case .traces(let traces): traces.figure
    case .table(let table): table.figure
    case .gallery(let pictures):
      .element("div", ["class": Self.galleryClass(of: pictures)], pictures.map(\.figure))
    case .facts(let facts): .element("table", ["class": "facts"], facts.map(\.row))
    case .verbatim(let text): .element("pre", [:], text)
    case .history(let history): history.figure
    case .parallel(let coordinates): coordinates.figure
    case .shares(let bars): bars.figure
    }
  }

  /// Whether it takes the whole width of a page.
  var isWide: Bool {
    switch self {
    case .lines, .plane, .reliability, .facts, .history, .shares: false
    case .confusion, .traces, .table, .gallery, .verbatim, .parallel: true
    }
  }

  /// Spectrograms need more room than faces.
  private static func galleryClass(of pictures: [ReportPicture]) -> String {
    pictures.contains { 2 * $0.picture.width > 3 * $0.picture.height }
      ? "gallery strips" : "gallery"
  }
}

extension ReportFact {
  fileprivate var row: Markup {
    let value = Markup.element("td", [:], [.text(value)] + Self.interval(interval))
    return .element("tr", [:], [.element("th", ["scope": "row"], name), value])
  }

  /// An interval, behind its number.
  static func interval(_ interval: String?) -> [Markup] {
    interval.map { [.text(" "), .element("small", [:], $0)] } ?? []
  }
}

extension ReportTable {
  fileprivate var figure: Markup {
    let above = Markup.element(
      "tr", [:],
      [.element("td")]
        + groups.map {
          .element("th", ["colspan": "\($0.columns)", "scope": "colgroup"], $0.name)
        })
    let head = Markup.element(
      "tr", [:], [.element("td")] + columns.map { .element("th", ["scope": "col"], $0) })
    return .element(
      "figure", ["class": "scroll"],
      [
        .element("figcaption", [:], [.element("b", [:], title)]),
        .element(
          "table", ["class": "matrix"],
          (groups.isEmpty ? [] : [above]) + [head] + rows.map(\.markup)),
      ])
  }
}

extension ReportTable.Row {
  fileprivate var markup: Markup {
    .element(
      "tr", ["class": isTotal ? "total" : ""],
      [.element("th", ["scope": "row"], [link ?? .text(name)])]
        + cells.map { .element("td", [:], [.text($0.value)] + ReportFact.interval($0.interval)) })
  }

  private var link: Markup? {
    page?.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed).map { path in
      // Or what comes before a colon would be taken for a scheme.
      .element("a", ["href": "./\(path)"], name)
    }
  }
}

extension ReportPicture {
  fileprivate var figure: Markup {
    let data = Data(picture.file).base64EncodedString()
    let kind = isRight.map { $0 ? "right" : "wrong" } ?? ""
    return .element(
      "figure", ["class": kind],
      [
        .element(
          "img",
          [
            "src": "data:image/jpeg;base64,\(data)", "width": "\(picture.width)",
            "height": "\(picture.height)",
            "alt": caption,
          ]), .element("figcaption", [:], caption),
      ])
  }
}

extension AffectPlane {
  /// Samples that are drawn: more would hide each other.
  static let mostPairs = 200

  fileprivate var figure: Markup {
    let axis = ChartAxis(showing: [-1, 1])
    let frame = ChartFrame(horizontal: axis, vertical: axis, height: 440)
    let shown = min(pairs.count, Self.mostPairs)
    // Evenly over the list, so that no part of it is left out.
    let drawn = (0..<shown).map { pairs[$0 * pairs.count / shown] }
    let legend = [("truth", "c1"), ("prediction", "c0")].map {
      Markup.element("span", ["class": "key \($1)"], $0)
    }
    let title = "Valence and arousal of \(shown) of \(pairs.count) samples"
    return .element(
      "figure", [:],
      [
        .element("figcaption", [:], [.element("b", [:], title)] + legend),
        frame.picture(
          title: title, across: "valence", up: "arousal", drawn.flatMap { draw($0, in: frame) }),
      ])
  }

  private func draw(_ pair: Pair, in frame: ChartFrame) -> [Markup] {
    func place(_ point: SIMD2<Double>) -> (x: String, y: String) {
      let inside = point.clamped(lowerBound: [-1, -1], upperBound: [1, 1])
      let place = frame.place(inside.x, inside.y)
      return (ChartFrame.text(place.x), ChartFrame.text(place.y))
    }
    let (truth, prediction) = (place(pair.truth), place(pair.prediction))
    return [
      .element(
        "path", ["class": "link", "d": "M\(truth.x) \(truth.y)L\(prediction.x) \(prediction.y)"]),
      .element(
        "circle", ["class": "ring c1", "cx": truth.x, "cy": truth.y, "r": "3"]),
      .element(
        "circle", ["class": "dot c0", "cx": prediction.x, "cy": prediction.y, "r": "2.6"]),
    ]
  }
}

extension ConfusionFigure {
  fileprivate var figure: Markup {
    let head = Markup.element(
      "tr", [:],
      [.element("th", [:], "true class"), .element("th", [:], "recall")]
        + names.map { .element("th", ["scope": "col"], $0) })
    return .element(
      "figure", ["class": "scroll"],
      [
        .element("figcaption", [:], [.element("b", [:], title)]),
        .element("table", ["class": "matrix"], [head] + names.indices.map(row)),
      ])
  }

  private func row(_ label: Int) -> Markup {
    let count = max(1, matrix.samples(of: label))
    let recall = matrix.recall(of: label).map { String(format: "%.1f %%", 100 * $0) } ?? "–"
    let cells = names.indices.map { prediction in
      let part = Double(matrix[label, prediction]) / Double(count)
      return Markup.element(
        "td",
        [
          "class": label == prediction ? "hit" : "miss", "style": String(format: "--p:%.3f", part),
          "title": "\(names[label]) taken for \(names[prediction])",
        ], "\(matrix[label, prediction])")
    }
    return .element(
      "tr", [:],
      [.element("th", ["scope": "row"], names[label]), .element("td", [:], recall)] + cells)
  }
}

extension Calibration {
  fileprivate var figure: Markup {
    let axis = ChartAxis(showing: [0, 1])
    let frame = ChartFrame(horizontal: axis, vertical: axis)
    let (zero, one) = (frame.place(0, 0), frame.place(1, 1))
    let diagonal = Markup.element(
      "path",
      [
        "class": "link",
        "d": "M\(ChartFrame.text(zero.x)) \(ChartFrame.text(zero.y))"
          + "L\(ChartFrame.text(one.x)) \(ChartFrame.text(one.y))",
      ])
    let title = String(
      format: "Calibration: ECE %.4f, largest gap %.4f", expectedError, maximumError)
    return .element(
      "figure", [:],
      [
        .element("figcaption", [:], [.element("b", [:], title)]),
        frame.picture(
          title: title, across: "confidence", up: "accuracy",
          bins.indices.compactMap { bar($0, in: frame) } + [diagonal]),
      ])
  }

  private func bar(_ index: Int, in frame: ChartFrame) -> Markup? {
    let bin = bins[index]
    guard bin.count > 0 else { return nil }
    let width = 1 / Double(bins.count)
    let top = frame.place(Double(index) * width, bin.accuracy)
    let end = frame.place(Double(index + 1) * width, 0)
    let text = String(
      format: "%d samples: accuracy %.3f, confidence %.3f", bin.count, bin.accuracy, bin.confidence)
    return .element(
      "rect",
      [
        "class": "bar", "x": ChartFrame.text(top.x + 1), "y": ChartFrame.text(top.y),
        "width": ChartFrame.text(end.x - top.x - 2), "height": ChartFrame.text(end.y - top.y),
        // Few samples say little.
        "fill-opacity": String(
          format: "%.2f", 0.25 + 0.75 * (Double(bin.count) / Double(max(1, total))).squareRoot()),
      ], [.element("title", [:], text)])
  }
}
