import Media

extension ConfusionFigure {
  private static let cell = (width: 66, height: 40)

  /// The matrix as a picture: shades are parts of the true class.
  ///
  /// - Throws: `MediaError.codec`.
  func picture() throws -> JPEGPicture {
    let left = 12 + (names.map(PictureFont.width).max() ?? 0)
    let top = 12 + 2 * PictureFont.height
    let canvas = PictureCanvas(
      width: left + names.count * Self.cell.width + 6,
      height: top + names.count * Self.cell.height + 6)
    for (label, name) in names.enumerated() {
      let row = top + label * Self.cell.height
      canvas.write(
        name, x: left - 6, y: row + (Self.cell.height - PictureFont.height) / 2,
        PictureCanvas.Ink.black, alignment: .right)
      canvas.write(
        name, x: left + label * Self.cell.width + Self.cell.width / 2, y: PictureFont.height,
        PictureCanvas.Ink.black, alignment: .middle)
      for prediction in names.indices {
        draw(label, prediction, on: canvas, x: left + prediction * Self.cell.width, y: row)
      }
    }
    return try JPEGPicture(canvas.pixels)
  }

  private func draw(_ label: Int, _ prediction: Int, on canvas: PictureCanvas, x: Int, y: Int) {
    let count = matrix[label, prediction]
    let part = Float(count) / Float(max(1, matrix.samples(of: label)))
    let full = label == prediction ? PictureCanvas.Ink.blue : PictureCanvas.Ink.orange
    let white = SIMD3<Float>(repeating: 255)
    let shade = white + part * (SIMD3<Float>(full) - white)
    canvas.fill(
      x: (x + 1)..<(x + Self.cell.width), y: (y + 1)..<(y + Self.cell.height),
      SIMD3<UInt8>(shade.rounded(.toNearestOrEven)))
    canvas.write(
      "\(count)", x: x + Self.cell.width / 2, y: y + Self.cell.height / 2 - PictureFont.height,
      part > 0.6 ? PictureCanvas.Ink.white : PictureCanvas.Ink.black, alignment: .middle, scale: 2)
  }
}

extension AffectTraces {
  /// Recordings of a picture.
  static let mostInPicture = 4
  private static let panel = (width: 460, height: 120)

  /// Some recordings below each other, valence on the left and arousal on the right: the truth grey, what
  /// was predicted blue, after post-processing orange.
  ///
  /// - Returns: nil without recordings.
  /// - Throws: `MediaError.codec`.
  static func picture(of recordings: [AffectTraces]) throws -> JPEGPicture? {
    let shown = recordings.prefix(mostInPicture)
    guard !shown.isEmpty else { return nil }
    let rowHeight = panel.height + 3 * PictureFont.height
    let canvas = PictureCanvas(width: 2 * panel.width + 30, height: shown.count * rowHeight + 10)
    for (row, traces) in shown.enumerated() {
      for (dimension, name) in ["valence", "arousal"].enumerated() {
        let x = 10 + dimension * (panel.width + 10)
        let y = row * rowHeight + 2 * PictureFont.height
        canvas.write("\(traces.name) \(name)", x: x, y: y - 10, PictureCanvas.Ink.black)
        traces.draw(dimension, on: canvas, x: x..<(x + panel.width), y: y..<(y + panel.height))
      }
    }
    return try JPEGPicture(canvas.pixels)
  }

  private func draw(_ dimension: Int, on canvas: PictureCanvas, x: Range<Int>, y: Range<Int>) {
    let curves = [
      (truth, PictureCanvas.Ink.soft, 2), (predictions, PictureCanvas.Ink.blue, 1),
      (processed ?? [], PictureCanvas.Ink.orange, 1),
    ].map { values, color, thickness in
      (values: values.map { $0[dimension] }, color: color, thickness: thickness)
    }
    let axis = ChartAxis(
      showing: curves.flatMap { $0.values.lazy.map(Double.init) }, least: ranges[dimension])
    for edge in [y.lowerBound, y.upperBound - 1] {
      canvas.fill(x: x, y: edge..<(edge + 1), PictureCanvas.Ink.rule)
    }
    canvas.draw(
      [Float](repeating: 0, count: 2), x: x, y: y, showing: axis.range, PictureCanvas.Ink.rule)
    for curve in curves where !curve.values.isEmpty {
      canvas.draw(
        curve.values, x: x, y: y, showing: axis.range, curve.color, thickness: curve.thickness)
    }
  }
}
