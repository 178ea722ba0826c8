/// Columns of ratings, one row for each 40 ms, as one file has them.
struct TimedTrace: Equatable {
  /// 11 hours; RECOLA's recordings have 7 501 frames.
  private static let mostFrames = 1_000_000
  /// Gold standards may leave out the first few frames.
  private static let latestFirstFrame = 25
  /// How far a written time may be from its frame's, in frames: files have two decimals.
  private static let tolerance = 0.2

  /// The file, for messages.
  let file: String
  /// The frame of the first row: the time divided by the frame period.
  private(set) var firstFrame = 0
  /// `[columns][frames]`.
  private(set) var columns: [[Float]]

  init(file: String, columnCount: Int) {
    self.file = file
    columns = Array(repeating: [], count: columnCount)
  }

  /// Rows so far.
  var frameCount: Int { columns.first?.count ?? 0 }
  /// The frame behind the last row.
  var endFrame: Int { firstFrame + frameCount }

  /// Adds a row, whose time has to be the next one.
  mutating func append(
    seconds: Double, timeColumn: String, values: [Float], row: RowValues
  ) throws(RowProblem) {
    func problem(_ reason: String) -> RowProblem { row.problem(reason, column: timeColumn) }
    let exact = seconds / Recording.framePeriodSeconds
    let rounded = exact.rounded()
    guard abs(exact - rounded) <= Self.tolerance, let frame = Int(exactly: rounded) else {
      throw problem("\(seconds) s is not a multiple of \(Recording.framePeriodSeconds) s")
    }
    if frameCount == 0 {
      guard (0...Self.latestFirstFrame).contains(frame) else {
        throw problem("\(seconds) s comes first, where the recording begins at 0 s")
      }
      firstFrame = frame
    }
    let expected = Self.seconds(endFrame)
    if frame == endFrame - 1 { throw problem("\(seconds) s is repeated") }
    if frame < endFrame { throw problem("\(seconds) s comes after later times; sort the rows") }
    if frame > endFrame { throw problem("\(seconds) s follows, where \(expected) s is missing") }
    guard frameCount < Self.mostFrames else { throw problem("more than \(Self.mostFrames) rows") }
    for (column, value) in values.enumerated() { columns[column].append(value) }
  }

  /// Keeps only some frames, all of which are there.
  mutating func cut(to frames: Range<Int>) {
    let range = frames.lowerBound - firstFrame..<frames.upperBound - firstFrame
    columns = columns.map { Array($0[range]) }
    firstFrame = frames.lowerBound
  }

  /// A frame's time, without the digits that a binary fraction adds.
  static func seconds(_ frame: Int) -> Double {
    (Double(frame) * Recording.framePeriodSeconds * 100).rounded() / 100
  }
}

extension RowValues {
  /// A rating from −1 to 1.
  func rating(_ index: Int, _ column: String) throws(RowProblem) -> Float {
    let value = try number(index, column)
    guard (-1...1).contains(value) else {
      throw problem("\(quoted(index)) is outside -1 to 1", column: column)
    }
    return Float(value)
  }
}
