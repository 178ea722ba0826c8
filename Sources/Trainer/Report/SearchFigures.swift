/// What each attempt of a search came to, in their order, and the best until then.
package struct SearchHistory: Equatable, Sendable {
  /// An attempt that came to something.
  package struct Attempt: Equatable, Sendable {
    package var number: Int
    package var value: Double
    /// Whether it was brought to its end, and not given up before.
    package var isComplete: Bool

    package init(number: Int, value: Double, isComplete: Bool) {
      (self.number, self.value, self.isComplete) = (number, value, isComplete)
    }
  }

  /// What the values are.
  package var metric: String
  /// By their numbers.
  package var attempts: [Attempt]
  /// The best of the complete ones until each of them.
  package var best: [LineChart.Point]

  package init(metric: String, attempts: [Attempt], best: [LineChart.Point]) {
    (self.metric, self.attempts, self.best) = (metric, attempts, best)
  }
}

/// Values of several things at once: an axis for each of them, and a line through them for each attempt.
package struct ParallelCoordinates: Equatable, Sendable {
  /// An axis and what is written along it.
  package struct Axis: Equatable, Sendable {
    package var name: String
    /// Texts and where they stand, from 0 (below) to 1.
    package var labels: [Label]

    package init(name: String, labels: [Label]) { (self.name, self.labels) = (name, labels) }
  }

  /// A text along an axis.
  package struct Label: Equatable, Sendable {
    package var place: Double
    package var text: String

    package init(_ place: Double, _ text: String) { (self.place, self.text) = (place, text) }
  }

  /// An attempt.
  package struct Line: Equatable, Sendable {
    package var name: String
    /// Where it crosses each axis, from 0 to 1; nil where it has no value.
    package var places: [Double?]
    /// How good it is among all, from 0 to 1.
    package var rank: Double

    package init(name: String, places: [Double?], rank: Double) {
      (self.name, self.places, self.rank) = (name, places, rank)
    }
  }

  /// Its heading.
  package var title: String
  /// From the left.
  package var axes: [Axis]
  /// The best come last, so that they are above the others.
  package var lines: [Line]

  package init(title: String, axes: [Axis], lines: [Line]) {
    (self.title, self.axes, self.lines) = (title, axes, lines)
  }
}

/// Shares of a whole, a bar each.
package struct ShareBars: Equatable, Sendable {
  /// Its heading.
  package var title: String
  /// From the top; the values are from 0 to 1.
  package var bars: [(name: String, value: Double)]

  package init(title: String, bars: [(name: String, value: Double)]) {
    (self.title, self.bars) = (title, bars)
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.title == right.title && left.bars.elementsEqual(right.bars, by: ==)
  }
}
