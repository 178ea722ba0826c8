import Foundation
import FoundationXML
import Media
import Testing

@testable import Drawing

/// What an SVG file has, read by a parser of XML.
private final class SVGReader: NSObject, XMLParserDelegate {
  private(set) var size: [String] = []
  private(set) var elements: [String: Int] = [:]
  private(set) var attributes: [String] = []

  init?(_ bytes: [UInt8]) {
    super.init()
    let parser = XMLParser(data: Data(bytes))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    if name == "svg" { size = [attributes["width"] ?? "", attributes["height"] ?? ""] }
    elements[name, default: 0] += 1
    self.attributes += attributes.filter { !$0.value.hasPrefix("data:") }.map(\.value)
  }
}

private func still(
  _ estimates: [EmotionEstimate], classes: [String] = emotions, title: String = "faces.jpg"
) throws -> PredictionFigure {
  let picture = try DrawnPicture(of: frame(120, 160), around: someRegion)
  return PredictionFigure(
    DrawnPrediction(
      title: title, classes: classes,
      content: .still(faces: estimates.map { DrawnFace(picture: picture, estimate: $0) })))
}

/// All kinds of figures, by name.
private func figures() throws -> [(name: String, figure: PredictionFigure)] {
  let film = moments(500)
  func changed(_ change: (inout EmotionEstimate) -> Void) throws -> PredictionFigure {
    try recording(
      film.map {
        var moment = $0
        change(&moment.estimate)
        return moment
      })
  }
  return [
    ("full", try recording(film)),
    ("classes", try changed { ($0.valence, $0.arousal) = (nil, nil) }),
    ("affect", try changed { $0.probabilities = [] }),
    ("arousal", try changed { ($0.probabilities, $0.valence) = ([], nil) }),
    ("two", try recording(Array(film[..<2]))), ("one", try recording(Array(film[..<1]))),
    ("face alone", try still([estimate(3)])),
    ("faces", try still((0..<5).map { estimate($0) })),
    ("many faces", try still((0..<40).map { estimate($0) })),
    ("face without classes", try still([EmotionEstimate(valence: 1, arousal: -1)], classes: [])),
    ("nothing", try still([])), ("no moments", try recording([])),
    ("no face", try recording([DrawnMoment(seconds: 0), DrawnMoment(seconds: 1)])),
    ("face without anything", try still([EmotionEstimate()])),
  ]
}

@Suite struct PredictionFigureTests {
  private func decode(_ file: [UInt8]) throws -> PixelBuffer {
    let pixels = PixelBuffer()
    let decoder = try ImageDecoder()
    try file.withUnsafeBytes { bytes in
      _ = try decoder.open(bytes: bytes, name: "figure.png")
      try decoder.decode(into: pixels)
    }
    return pixels
  }

  @Test func allKindsAreTheSameSizeInBothFormatsAndWellFormed() throws {
    for (name, figure) in try figures() {
      let svg = try #require(SVGReader(figure.encoded(as: .svg)), "\(name)")
      let pixels = try decode(figure.encoded(as: .png))
      let size = [pixels.width, pixels.height].map { "\($0 / 2)px" }
      #expect(svg.size == size || svg.size == size.map { String($0.dropLast(2)) }, "\(name)")
    }
  }

  /// What is clipped at the picture's edge, or hangs over it, has ink in the margin.
  @Test func marginsStayEmptyAndTheMiddleDoesNot() throws {
    for (name, figure) in try figures() {
      let pixels = try decode(figure.encoded(as: .png))
      let (width, height, bytes) = (pixels.width, pixels.height, pixels.bytes)
      var (inked, marked) = (0, 0)
      for index in bytes.indices where index % 4 != 3 && bytes[index] != 255 {
        inked += 1
        let (x, y) = (index / 4 % width, index / 4 / width)
        if min(x, y, width - 1 - x, height - 1 - y) < 40 { marked += 1 }
      }
      #expect(marked == 0, "\(name)")
      #expect(inked > 3000, "\(name)")
    }
  }

  @Test func eachPartIsThereOrNot() throws {
    let heights = try Dictionary(
      uniqueKeysWithValues: figures().map { ($0.name, try decode($0.figure.encoded(as: .png))) })
    let full = try #require(heights["full"])
    let classes = try #require(heights["classes"])
    let arousal = try #require(heights["arousal"])
    #expect(classes.height < full.height)
    #expect(arousal.height < classes.height)
    // Neither a plane nor bars stand beside a trace alone.
    #expect(arousal.width < full.width)
    #expect(try #require(heights["faces"]).width > 640)
  }

  @Test func samePredictionIsTheSameBytes() throws {
    for format in PictureFormat.allCases {
      let first = try recording(moments(200)).encoded(as: format)
      let second = try recording(moments(200)).encoded(as: format)
      let other = try recording(moments(201)).encoded(as: format)
      #expect(first == second)
      #expect(first != other)
    }
  }

  @Test func momentsMayComeInAnyOrder() throws {
    let inOrder = moments(300)
    let mixed = inOrder.indices.map { inOrder[($0 * 7) % 300] }
    let expected = try recording(inOrder).encoded(as: .svg)
    let picture = PredictionFigure(
      DrawnPrediction(
        title: "film.mp4", classes: emotions,
        content: .recording(
          moments: mixed, thumbnails: try thumbnails(until: inOrder[299].seconds).reversed())))
    #expect(try picture.encoded(as: .svg) == expected)
  }

  @Test(arguments: [50, 7, 1]) func hoursFitIntoAMegabyte(hole: Int) throws {
    let file = try recording(moments(250_000, hole: hole)).encoded(as: .svg)
    #expect(file.count < 1_000_000)
    #expect(SVGReader(file) != nil)
  }

  @Test func whatIsNotFiniteIsAsIfItWereUnknown() throws {
    var (odd, missing) = (moments(400), moments(400))
    for index in stride(from: 3, to: 400, by: 11) {
      odd[index].estimate.valence = [Float.nan, .infinity, -.infinity][index % 3]
      missing[index].estimate.valence = nil
      if !odd[index].estimate.probabilities.isEmpty { odd[index].estimate.probabilities[2] = .nan }
      missing[index].estimate.probabilities = []
    }
    odd[0].seconds = .nan
    missing.removeFirst()
    odd.append(DrawnMoment(seconds: .infinity, estimate: estimate(0)))
    odd.append(DrawnMoment(seconds: 1e300, estimate: estimate(0)))
    let title = "numbers"
    let content = { (moments: [DrawnMoment]) in
      PredictionFigure(
        DrawnPrediction(
          title: title, classes: emotions, content: .recording(moments: moments, thumbnails: [])))
    }
    let file = try content(odd).encoded(as: .svg)
    #expect(try content(missing).encoded(as: .svg) == file)
    let reader = try #require(SVGReader(file))
    #expect(!reader.attributes.contains { $0.contains("nan") || $0.contains("inf") })
  }

  @Test func titlesDoNoHarm() throws {
    let titles = [
      "", " ", "<script>alert(1)</script>", "\u{1F600}\u{1F468}\u{200D}\u{1F469} film",
      "a\u{0}b\nc\td\u{1B}[31m", String(repeating: "x", count: 10_000),
      String(repeating: "w", count: 99), "]]>&amp;\"'",
      "e" + String(repeating: "\u{301}", count: 10_000), "\u{202E}4pm.exe",
    ]
    for title in titles {
      let figure = try recording(moments(60), title: title)
      let svg = try #require(SVGReader(figure.encoded(as: .svg)), "\(title.debugDescription)")
      #expect(svg.elements["script"] == nil)
      let pixels = try decode(figure.encoded(as: .png))
      let right = (0..<160).flatMap { y in
        (0..<60).map { colour(pixels, pixels.width - 1 - $0, y) }
      }
      #expect(right.allSatisfy { $0 == SIMD3(255, 255, 255) }, "\(title.debugDescription)")
    }
  }

  @Test func namesOfClassesMayBeAnything() throws {
    let classes = (0..<30).map { $0 == 4 ? String(repeating: "long ", count: 99) : "<\($0)>" }
    let figure = PredictionFigure(
      DrawnPrediction(
        title: "many", classes: classes,
        content: .recording(moments: moments(90, classes: 30), thumbnails: [])))
    #expect(SVGReader(try figure.encoded(as: .svg)) != nil)
    let pixels = try decode(figure.encoded(as: .png))
    for y in 0..<pixels.height {
      let left = (0..<20).map { colour(pixels, $0, y) }
      guard left.allSatisfy({ $0 == SIMD3(255, 255, 255) }) else {
        Issue.record("row \(y) has something in its margin")
        return
      }
    }
  }

  @Test func thumbnailTimesAreWithinAndAscend() {
    let times = PredictionFigure.thumbnailSeconds(from: 10, to: 100)
    #expect(times.count == RecordingFigure.thumbnailCount)
    #expect(times == times.sorted())
    #expect(times.allSatisfy { (10...100).contains($0) })
    #expect(PredictionFigure.thumbnailSeconds(from: 5, to: 5) == [5])
    #expect(PredictionFigure.thumbnailSeconds(from: 5, to: 4).isEmpty)
    #expect(PredictionFigure.thumbnailSeconds(from: 0, to: .nan).isEmpty)
  }
}

@Suite struct PictureFileTests {
  @Test func theNameTellsTheFormat() throws {
    #expect(PictureFormat(fileName: "a/b.PNG") == .png)
    #expect(PictureFormat(fileName: "a.png.svg") == .svg)
    #expect(PictureFormat(fileName: "png") == nil)
    #expect(PictureFormat(fileName: "a.jpg") == nil)
    #expect(PictureFormat(fileName: "") == nil)
    let figure = try recording(moments(3))
    #expect(throws: DrawingError.unknownFormat(file: "a.jpg")) { try figure.write(to: "a.jpg") }
  }

  @Test func whatIsThereIsReplaced() throws {
    let scratch = try Scratch()
    let figure = try recording(moments(50))
    for format in PictureFormat.allCases {
      let file = scratch.path("plot.\(format.rawValue)")
      try Data("before".utf8).write(to: URL(fileURLWithPath: file))
      try figure.write(to: file)
      let written = try Data(contentsOf: URL(fileURLWithPath: file))
      #expect(try Array(written) == figure.encoded(as: format))
    }
    #expect(try scratch.names() == ["plot.png", "plot.svg"])
  }

  @Test func namesMayBeAsLongAsFoldersTake() throws {
    let scratch = try Scratch()
    let name = String(repeating: "n", count: 251) + ".svg"
    try recording(moments(3)).write(to: scratch.path(name))
    #expect(try scratch.names() == [name])
  }

  @Test func aLinkStaysOne() throws {
    let scratch = try Scratch()
    try Data().write(to: scratch.folder.appending(path: "target.svg"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("link.svg"), withDestinationPath: scratch.path("target.svg"))
    try recording(moments(3)).write(to: scratch.path("link.svg"))
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: scratch.path("link.svg"))
        == scratch.path("target.svg"))
    #expect(try Data(contentsOf: scratch.folder.appending(path: "target.svg")).count > 1000)
    #expect(try scratch.names() == ["link.svg", "target.svg"])
  }

  @Test func whatCannotBeWrittenIsNamed() throws {
    let scratch = try Scratch()
    let figure = try recording(moments(3))
    func failure(_ name: String) -> DrawingError? {
      let file = scratch.path(name)
      do throws(DrawingError) { try figure.write(to: file) } catch { return error }
      return nil
    }
    let folder = scratch.path("missing/plot.svg")
    #expect(
      failure("missing/plot.svg")
        == .unwritable(file: folder, reason: "No such file or directory"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("full.png"), withDestinationPath: "/dev/full")
    #expect(
      failure("full.png")
        == .unwritable(file: scratch.path("full.png"), reason: "No space left on device"))
    try FileManager.default.createDirectory(
      atPath: scratch.path("folder.svg"), withIntermediateDirectories: true)
    #expect(
      failure("folder.svg")
        == .unwritable(file: scratch.path("folder.svg"), reason: "Is a directory"))
    let odd = scratch.folder.path + "/a\u{0}b.svg"
    #expect(
      throws: DrawingError.unwritable(file: odd, reason: "the name holds a NUL byte")
    ) { try figure.write(to: odd) }
    #expect(try scratch.names() == ["folder.svg", "full.png"])
  }

  @Test func picturesHaveALargestSize() {
    #expect(throws: DrawingError.tooLarge(width: 80_000, height: 20)) {
      try Canvas.pixels(width: 40_000, height: 10, density: 2)
    }
  }
}
