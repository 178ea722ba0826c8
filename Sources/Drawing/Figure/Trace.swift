/// A quantity over the time of a recording, as it is drawn: curves with gaps between them.
///
/// Where moments lie closer than can be seen, all those of one unit of width become one point, with the
/// least and the largest value: a figure of hours is no larger than one of minutes, and hides no peak.
struct Trace {
  /// A place of a curve; `low` and `high` are `mean` where it stands for a single moment.
  struct Sample: Equatable {
    var x: Double
    var low: Double
    var mean: Double
    var high: Double
    fileprivate var count = 1
  }

  /// Each drawn as one line, in the order of time; none is empty.
  private(set) var runs: [[Sample]] = []
  /// Whether points stand for many moments each.
  let isCondensed: Bool

  private let axis: TimeAxis
  private var column = 0
  private var isParted = true
  private var last = -Double.infinity

  /// - Parameter value: of a moment; nil where it is not known.
  init(_ recording: Recording, _ axis: TimeAxis, _ value: (EmotionEstimate) -> Float?) {
    self.axis = axis
    isCondensed = Self.isCondensed(recording, axis)
    for moment in recording.moments {
      guard let value = value(moment.estimate) else {
        isParted = true
        continue
      }
      if moment.seconds - last > recording.longestGap { isParted = true }
      last = moment.seconds
      add(Double(value), at: axis.place(of: moment.seconds))
    }
  }

  /// Whether there are more moments than can be told apart.
  static func isCondensed(_ recording: Recording, _ axis: TimeAxis) -> Bool {
    Double(recording.moments.count) > 2 * axis.width
  }

  private mutating func add(_ value: Double, at x: Double) {
    let sample = Sample(x: x, low: value, mean: value, high: value)
    guard isCondensed else {
      append(sample, startingRun: isParted)
      return
    }
    // The last moment belongs to the last whole column.
    let column = min(Int(x - axis.left), Int(axis.width) - 1)
    if column == self.column, !runs.isEmpty {
      join(value)
    } else {
      // A few moments without a value within two neighbouring columns would not be seen as a gap.
      let isNeighbour = column == self.column + 1 && !runs.isEmpty
      var sample = sample
      sample.x = axis.left + Double(column) + 0.5
      append(sample, startingRun: isParted && !isNeighbour)
      self.column = column
    }
    isParted = false
  }

  private mutating func append(_ sample: Sample, startingRun: Bool) {
    if startingRun || runs.isEmpty { runs.append([]) }
    runs[runs.count - 1].append(sample)
    isParted = false
  }

  /// Adds to the last sample.
  private mutating func join(_ value: Double) {
    let run = runs.count - 1
    let index = runs[run].count - 1
    var sample = runs[run][index]
    sample.low = min(sample.low, value)
    sample.high = max(sample.high, value)
    sample.mean += (value - sample.mean) / Double(sample.count + 1)
    sample.count += 1
    runs[run][index] = sample
  }
}
