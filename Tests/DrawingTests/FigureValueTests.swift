import Testing

@testable import Drawing
@testable import Media

@Suite struct TraceTests {
  private let axis = TimeAxis(0...100, left: 10, width: 50)

  private func recording(_ values: [(seconds: Double, valence: Float?)]) -> Recording {
    Recording(
      values.map {
        DrawnMoment(seconds: $0.seconds, estimate: EmotionEstimate(valence: $0.valence))
      })
  }

  @Test func fewMomentsAreDrawnOneByOne() {
    let recording = recording([(0, 0.5), (50, -0.5), (100, 0.25)])
    let trace = Trace(recording, axis, \.valence)
    #expect(!trace.isCondensed)
    #expect(trace.runs.map { $0.map(\.x) } == [[10, 35, 60]])
    #expect(trace.runs[0].map(\.mean) == [0.5, -0.5, 0.25])
  }

  @Test func curvesHaveGapsWhereNothingIsKnown() {
    var values = (0..<40).map { (seconds: Double($0), valence: Float?(0.1)) }
    values[7].valence = nil
    // Twenty seconds without any moment.
    values += (60..<70).map { (Double($0), 0.2) }
    let trace = Trace(recording(values), axis, \.valence)
    #expect(trace.runs.map(\.count) == [7, 32, 10])
  }

  @Test func manyMomentsKeepTheirPeaks() throws {
    var values = (0...10_000).map { (seconds: Double($0) / 100, valence: Float?(0)) }
    values[4321].valence = 0.9
    values[4322].valence = -0.8
    let trace = Trace(recording(values), axis, \.valence)
    #expect(trace.isCondensed)
    #expect(trace.runs.map(\.count) == [50])
    let peak = try #require(trace.runs[0].first { $0.high > 0.5 })
    #expect(peak.x == 10 + 21 + 0.5)
    #expect(abs(peak.low + 0.8) < 1e-6)
    #expect(abs(peak.mean - 0.1 / 200) < 1e-6)
    #expect(trace.runs[0].filter { $0.high > 0 || $0.low < 0 }.count == 1)
  }

  @Test func gapsAreSeenAmongManyMoments() {
    let values = (0...10_000).map { index -> (seconds: Double, valence: Float?) in
      let isKnown = index / 100 % 20 >= 5
      return (Double(index) / 100, isKnown ? 0.5 : nil)
    }
    let trace = Trace(recording(values), axis, \.valence)
    #expect(trace.runs.count == 5)
  }
}

@Suite struct TimeBandsTests {
  @Test func bandsCoverTheTimeOfTheirMoments() {
    let recording = Recording(
      (0...100).map { index in
        DrawnMoment(seconds: Double(index), region: (20..<40).contains(index) ? nil : someRegion)
      })
    let axis = TimeAxis(0...100, left: 0, width: 200)
    let bands = TimeBands(recording, axis, kinds: 1) { recording.isFaceless($0) ? 0 : nil }
    #expect(bands.bands == [TimeBands.Band(left: 39, right: 79, kind: 0)])
  }

  @Test func whatPrevailsIsShown() {
    let recording = Recording(
      (0..<10_000).map { DrawnMoment(seconds: Double($0), region: someRegion) })
    let axis = TimeAxis(0...9_999, left: 0, width: 100)
    // Of each ten moments three are of kind 1, two of kind 0 and the rest unknown or of kind 2.
    let kinds = TimeBands(recording, axis, kinds: 3) {
      let place = $0 % 10
      return place < 3 ? 1 : place < 5 ? 0 : $0 < 5_000 ? (place < 9 ? 2 : nil) : nil
    }
    #expect(
      kinds.bands == [
        TimeBands.Band(left: 0, right: 50, kind: 2), TimeBands.Band(left: 50, right: 100, kind: 1),
      ])
  }

  @Test func soundsHaveNoBandsWithoutFaces() {
    let sound = Recording(
      (0..<10).map { DrawnMoment(seconds: Double($0), estimate: estimate($0)) })
    #expect(!sound.isFaceless(3))
    let film = Recording(
      (0..<10).map { DrawnMoment(seconds: Double($0), region: $0 == 0 ? someRegion : nil) })
    #expect(film.isFaceless(3))
  }
}

@Suite struct TimeAxisTests {
  @Test func clocksAreRound() {
    func labels(_ last: Double) -> [String] {
      let axis = TimeAxis(0...last, left: 0, width: 740)
      return axis.ticks.prefix(3).map(axis.label) + [axis.name]
    }
    #expect(labels(0.9) == ["0.0", "0.2", "0.4", "time (s)"])
    #expect(labels(8) == ["0", "1", "2", "time (s)"])
    #expect(labels(100) == ["0", "20", "40", "time (s)"])
    #expect(labels(200) == ["0:00", "0:30", "1:00", "time (min:s)"])
    #expect(labels(10_000) == ["0:00:00", "0:20:00", "0:40:00", "time (h:min:s)"])
  }

  @Test(arguments: [1e-7, 0.001, 0.4, 59, 61, 3_599, 86_400, 1e6, 1e8])
  func ticksStandApart(duration: Double) {
    for first in [0, -3, 1_234.5] {
      let axis = TimeAxis(first...(first + duration), left: 5, width: 740)
      #expect(axis.ticks.count <= 9)
      #expect(axis.ticks.allSatisfy { axis.seconds.contains($0) || duration < 1e-3 })
      #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count)
    }
  }

  @Test func durationsAreWords() {
    #expect(TimeAxis.words(7.96) == "8.0 s")
    #expect(TimeAxis.words(59.4) == "59 s")
    #expect(TimeAxis.words(200) == "3 min 20 s")
    #expect(TimeAxis.words(10_000) == "2 h 46 min")
  }
}

@Suite struct DrawnValueTests {
  @Test func onlyWhatCanBeDrawnRemains() {
    let odd = EmotionEstimate(probabilities: [-1, 0.5, 7], valence: -3, arousal: .nan).drawable
    #expect(odd == EmotionEstimate(probabilities: [0, 0.5, 1], valence: -1, arousal: nil))
    #expect(EmotionEstimate(probabilities: [0.5, .nan]).drawable.isEmpty)
    #expect(EmotionEstimate(probabilities: [0.2, 0.4, 0.4]).mostProbableClass == 1)
    #expect(EmotionEstimate().mostProbableClass == nil)
  }

  @Test func textsStandInOneLine() {
    #expect("  a\u{0}\n\tb\u{200B}c  ".inOneLine == "a bc")
    #expect("\u{301}\u{301}x".inOneLine == "x")
    #expect(String(repeating: "ab", count: 5_000).inOneLine.count == 401)
    #expect("Ångström é\u{0301}".inOneLine == "Ångström é\u{0301}")
  }

  @Test func signsRemainWhereThereAreNoFonts() {
    #expect("valence −0.25 · a → b…".inASCII == "valence -0.25 | a to b...")
    #expect("été".inASCII == "?t?")
  }

  @Test func numbersAreShort() {
    #expect(FigureText.percent(0.996) == "100 %")
    #expect(FigureText.percent(0.001) == "< 1 %")
    #expect(FigureText.percent(0) == "0 %")
    #expect(FigureText.signed(-0.001) == "0.00")
    #expect(FigureText.signed(-0.5) == "−0.50")
    #expect(FigureText.signed(0.25) == "+0.25")
  }

  @Test func wellKnownEmotionsKeepTheirColours() {
    let colours = ClassColours(emotions)
    let other = ClassColours(["Anger", "Happiness", "something"])
    #expect(other[0] == colours[6])
    #expect(other[1] == colours[1])
    for first in emotions.indices {
      for second in emotions.indices where second > first {
        #expect(colours[first] != colours[second])
      }
    }
    #expect(ClassColours((0..<100).map { "\($0)" })[99] != ClassColours(["x"])[0])
  }

  @Test func picturesKeepTheirColours() throws {
    let pixels = frame(100, 80, SIMD3(200, 30, 60))
    let picture = try DrawnPicture(
      of: pixels, around: FaceRegion(x: 90, y: 70, width: 40, height: 40))
    #expect(picture.side == 52)
    let canvas = try Canvas.pixels(width: 60, height: 60, density: 1)
    canvas.draw(picture, in: Box(x: 4, y: 4, width: 52, height: 52), radius: 0)
    let target = frame(60, 60, SIMD3(0, 0, 0))
    try Canvas.on(target, Typefaces()).draw(
      picture, in: Box(x: 4, y: 4, width: 52, height: 52), radius: 0)
    #expect(colour(target, 30, 30) == SIMD3(200, 30, 60))
    #expect(colour(target, 2, 30) == SIMD3(0, 0, 0))
    let decoded = PixelBuffer()
    let decoder = try ImageDecoder()
    try canvas.encoded().withUnsafeBytes { bytes in
      _ = try decoder.open(bytes: bytes, name: "picture.png")
      try decoder.decode(into: decoded)
    }
    #expect(colour(decoded, 30, 30) == SIMD3(200, 30, 60))
  }

  @Test func greyFramesMakeGreyPictures() throws {
    let grey = PixelBuffer()
    grey.resize(ImageSize(width: 40, height: 30), channels: 1)
    grey.bytes.update(repeating: 77)
    let picture = try DrawnPicture(of: grey)
    #expect(picture == (try DrawnPicture(of: frame(40, 30, SIMD3(77, 77, 77)))))
    let target = frame(30, 30, SIMD3(0, 0, 0))
    try Canvas.on(target, Typefaces()).draw(
      picture, in: Box(x: 0, y: 0, width: 30, height: 30), radius: 0)
    #expect(colour(target, 15, 15) == SIMD3(77, 77, 77))
  }

  @Test func picturesHaveAtMostTheirLargestSide() throws {
    #expect(try DrawnPicture(of: frame(3_000, 2_000)).side == DrawnPicture.largestSide)
    #expect(try DrawnPicture(of: frame(3, 2)).side == 2)
    #expect(try DrawnPicture(of: frame(1, 1)).side == 1)
    let odd = FaceRegion(x: .nan, y: 0, width: 4, height: 4)
    #expect(try DrawnPicture(of: frame(64, 32), around: odd) == DrawnPicture(of: frame(64, 32)))
  }

  @Test func partsOfAFileAreNumberedFromZero() {
    let file = """
      <g id="surface71"><image id="image9"/><use xlink:href="#image9"/>
      <image id="image3"/><path style="fill:#image9x" clip-path="url(#clip5)"/><a id="clip5"/></g>
      """
    let expected = """
      <g id="surface0"><image id="image0"/><use xlink:href="#image0"/>
      <image id="image1"/><path style="fill:#image9x" clip-path="url(#clip0)"/><a id="clip0"/></g>
      """
    #expect(SVGIdentifiers.renumbered(Array(file.utf8)) == Array(expected.utf8))
  }
}
