/// What prevails over time, in columns of one unit of width, as bands from one column to another.
struct TimeBands: Equatable {
  /// A band from `left` to `right` in which `kind` prevails.
  struct Band: Equatable {
    var left: Double
    var right: Double
    var kind: Int
  }

  /// In the order of time; there are gaps where nothing is known.
  private(set) var bands: [Band] = []

  /// - Parameters:
  ///   - kinds: how many there are.
  ///   - kind: a moment's, less than `kinds`; nil where it is not known.
  init(_ recording: Recording, _ axis: TimeAxis, kinds: Int, kind: (Int) -> Int?) {
    let columns = max(1, Int(axis.width))
    // Of each column and kind the time in it, in units of width; the last kind is an unknown one.
    var weights = [Double](repeating: 0, count: columns * (kinds + 1))
    for (index, span) in recording.spans.enumerated() {
      let kind = kind(index) ?? kinds
      let (from, to) = (axis.place(of: span.lowerBound), axis.place(of: span.upperBound))
      let first = min(max(0, Int(from - axis.left)), columns - 1)
      let last = min(max(first, Int(to - axis.left)), columns - 1)
      for column in first...last {
        let start = axis.left + Double(column)
        // Something for what has no length, such as the only moment.
        let length = min(to, start + 1) - max(from, start)
        weights[column * (kinds + 1) + kind] += max(length, 1e-6)
      }
    }
    for column in 0..<columns {
      let ofColumn = weights[(column * (kinds + 1))..<((column + 1) * (kinds + 1))]
      append(Array(ofColumn), at: axis.left + Double(column))
    }
  }

  private mutating func append(_ weights: [Double], at left: Double) {
    let known = weights.dropLast()
    let unknown = weights[known.endIndex]
    guard let most = known.max(), most > 0, known.reduce(0, +) >= unknown,
      let kind = known.firstIndex(of: most)
    else { return }
    if let last = bands.last, last.kind == kind, last.right == left {
      bands[bands.count - 1].right = left + 1
    } else {
      bands.append(Band(left: left, right: left + 1, kind: kind))
    }
  }

  /// The places of the bands of one kind, over some height.
  func boxes(of kind: Int, y: Double, height: Double) -> [Box] {
    bands.filter { $0.kind == kind }.map {
      Box(x: $0.left, y: y, width: $0.right - $0.left, height: height)
    }
  }
}
