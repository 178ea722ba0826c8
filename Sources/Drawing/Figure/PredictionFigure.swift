/// A picture of what was predicted: over time for a recording, for each face of a still picture.
public struct PredictionFigure {
  private let prediction: DrawnPrediction

  /// A figure of `prediction`.
  ///
  /// - Precondition: every estimate has as many probabilities as there are classes, or none.
  public init(_ prediction: DrawnPrediction) {
    var prediction = prediction
    prediction.title = prediction.title.inOneLine
    prediction.classes = prediction.classes.map(\.inOneLine)
    let estimates: [EmotionEstimate] =
      switch prediction.content {
      case .recording(let moments, _): moments.map(\.estimate)
      case .still(let faces): faces.map(\.estimate)
      }
    for estimate in estimates { estimate.requireFit(prediction.classes) }
    self.prediction = prediction
  }

  /// Writes the picture into a file whose name ends in .png or .svg.
  ///
  /// A regular file that is there is replaced by a whole one, or not at all.
  ///
  /// - Throws: `DrawingError`.
  public func write(to file: String) throws(DrawingError) {
    guard let format = PictureFormat(fileName: file) else {
      throw DrawingError.unknownFormat(file: file)
    }
    try PictureFile.replace(file, with: encoded(as: format))
  }

  /// The picture as the bytes of a file; the same prediction is the same bytes with the same fonts and cairo.
  ///
  /// - Throws: `DrawingError`.
  public func encoded(as format: PictureFormat) throws(DrawingError) -> [UInt8] {
    let content = content
    let size = (width: Int(content.width), height: Int(content.height.rounded(.up)))
    let canvas =
      switch format {
      case .svg: try Canvas.svg(width: size.width, height: size.height)
      case .png: try Canvas.pixels(width: size.width, height: size.height, density: 2)
      }
    let page = Box(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    canvas.fill(page, .page)
    content.draw(on: canvas)
    return try canvas.encoded()
  }

  /// When to take thumbnails of a recording so that they stand side by side: ascending, in the middle of
  /// as many equal parts as there is room for.
  ///
  /// - Parameters:
  ///   - first: the first moment, in seconds.
  ///   - last: the last one.
  /// - Returns: some times between; none where these are no range.
  public static func thumbnailSeconds(from first: Double, to last: Double) -> [Double] {
    let count = RecordingFigure.thumbnailCount
    guard last >= first, (last - first).isFinite else { return [] }
    let part = (last - first) / Double(count)
    return part > 0 ? (0..<count).map { first + (Double($0) + 0.5) * part } : [first]
  }

  private var content: any FigureContent {
    switch prediction.content {
    case .recording(let moments, let thumbnails):
      let recording = Recording(moments)
      if recording.moments.isEmpty {
        return EmptyFigure(title: prediction.title, text: "Nothing was predicted.")
      }
      if recording.moments.allSatisfy({ $0.region == nil && $0.estimate.isEmpty }) {
        return EmptyFigure(title: prediction.title, text: "No face was found.")
      }
      if recording.moments.count == 1 {
        let face = DrawnFace(
          picture: thumbnails.first?.picture, estimate: recording.moments[0].estimate)
        return StillFigure(prediction, [face], subtitle: "one moment")
      }
      return RecordingFigure(prediction, recording, thumbnails)
    case .still(let faces):
      if faces.isEmpty {
        return EmptyFigure(title: prediction.title, text: "No face was found.")
      }
      return StillFigure(
        prediction, faces, subtitle: faces.count == 1 ? "one face" : "\(faces.count) faces")
    }
  }
}

/// What a picture's file holds.
public enum PictureFormat: String, Sendable, CaseIterable {
  /// Pixels, two for a unit of length.
  case png
  /// Lines, letters as lines, and thumbnails as JPEG.
  case svg

  /// What the ending of a name says, in whichever case; nil where it says neither.
  public init?(fileName: String) {
    let ending = fileName.split(separator: ".", omittingEmptySubsequences: false).last
    guard let ending, ending.count < fileName.count else { return nil }
    self.init(rawValue: ending.lowercased())
  }
}

/// What a figure consists of; it knows its size.
protocol FigureContent {
  /// In pixels of a screen.
  var width: Double { get }
  var height: Double { get }
  func draw(on canvas: Canvas)
}

extension FigureContent {
  /// From the picture's edges to what is drawn.
  static var margin: Double { 32 }
  /// Where what is below the title begins.
  static var top: Double { 88 }

  /// Writes a title and what is to be said first.
  func drawTitle(_ title: String, _ subtitle: String, on canvas: Canvas) {
    let room = width - 2 * Self.margin
    canvas.write(
      canvas.shortened(title, FigureText.title, to: room), at: Point(Self.margin, 46),
      FigureText.title)
    canvas.write(
      canvas.shortened(subtitle, FigureText.subtitle, to: room), at: Point(Self.margin, 68),
      FigureText.subtitle)
  }
}

/// A figure of nothing, which says so.
struct EmptyFigure: FigureContent {
  let title: String
  let text: String
  let width = 640.0
  let height = 220.0

  func draw(on canvas: Canvas) {
    drawTitle(title, "", on: canvas)
    let box = Box(
      x: Self.margin, y: 70, width: width - 2 * Self.margin, height: height - 70 - Self.margin)
    canvas.fill(box, .card, radius: 6)
    canvas.write(
      text, at: box.centre, TextStyle(size: 14, colour: .soft), .middle, isCentred: true)
  }
}

extension EmotionEstimate {
  /// Stops where probabilities are of other classes.
  func requireFit(_ classes: [String]) {
    precondition(
      probabilities.isEmpty || probabilities.count == classes.count,
      "\(probabilities.count) probabilities of \(classes.count) classes")
  }
}
