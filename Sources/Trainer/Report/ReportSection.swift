/// A part of `report.html`: what a stage wants to be seen of an evaluation.
///
/// Sections are values, and know nothing of HTML: a stage names figures, `ReportPage` draws them, and
/// TensorBoard takes those that it can show.
package struct ReportSection: Sendable {
  /// Its heading.
  var title: String
  /// A sentence for who sees such a figure for the first time; nil where the title says it all.
  var note: String?
  /// In the order of reading.
  var figures: [ReportFigure]

  /// A section with every field given.
  package init(_ title: String, note: String? = nil, _ figures: [ReportFigure]) {
    self.title = title
    self.note = note
    self.figures = figures
  }
}

/// All that a stage wants to be seen of an evaluation.
struct ReportContent: Sendable {
  /// In the order of reading.
  var sections: [ReportSection] = []
  /// How far other samples' numbers could be, by the names of the numbers.
  var intervals = BootstrapIntervals()
}

/// Something to look at.
package enum ReportFigure: Sendable {
  /// Curves over steps, or over time.
  case lines(LineChart)
  /// Points of two dimensions, each with its truth.
  case plane(AffectPlane)
  /// What classes were taken for.
  case confusion(ConfusionFigure)
  /// Confidence against accuracy.
  case reliability(Calibration)
  /// Valence and arousal of a recording over time.
  case traces(AffectTraces)
  /// Numbers in rows and columns.
  case table(ReportTable)
  /// Names and values.
  case facts([ReportFact])
  /// Pictures with a line each.
  case gallery([ReportPicture])
  /// A text as it is, such as a configuration.
  case verbatim(String)
  /// What attempts of a search came to.
  case history(SearchHistory)
  /// What attempts of a search were.
  case parallel(ParallelCoordinates)
  /// Parts of a whole.
  case shares(ShareBars)
}

/// A name and its value.
package struct ReportFact: Equatable, Sendable {
  var name: String
  var value: String
  /// Where the value could be with other samples, in words; nil where nobody knows.
  var interval: String?

  /// A fact with every field given.
  package init(_ name: String, _ value: String, interval: String? = nil) {
    self.name = name
    self.value = value
    self.interval = interval
  }
}

/// Curves over a common axis.
package struct LineChart: Equatable, Sendable {
  /// A point of a curve.
  package struct Point: Equatable, Sendable {
    var x: Double
    var y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// A curve; where a value is not finite, it has a gap.
  struct Series: Equatable, Sendable {
    var name: String
    var points: [Point]
  }

  /// Its heading.
  var title: String
  /// What is below the horizontal axis, with its unit.
  var horizontal: String
  /// In the order of the legend.
  var series: [Series]
  /// The least that the vertical axis shows; nil for what the values need.
  var range: ClosedRange<Double>?
}

/// Valence and arousal: where the truth is, and where the predictions are.
package struct AffectPlane: Equatable, Sendable {
  /// Predicted and true.
  struct Pair: Equatable, Sendable {
    var prediction: SIMD2<Double>
    var truth: SIMD2<Double>
  }

  /// Samples whose valence and arousal are known.
  var pairs: [Pair]
}

/// Valence and arousal of a recording over time: the truth, and what was made of it.
package struct AffectTraces: Equatable, Sendable {
  /// The recording's name.
  var name: String
  /// Of each frame; not a number where unknown.
  var truth: [SIMD2<Float>]
  /// As the network predicts them, frame by frame.
  var predictions: [SIMD2<Float>]
  /// After post-processing; nil where that changes nothing, or where nothing was chosen.
  var processed: [SIMD2<Float>]?
  /// What the charts of both dimensions show at least, so that recordings can be compared.
  var ranges: [ClosedRange<Double>]
  /// What is said of it, such as its scores.
  var caption: String
}

/// Numbers in rows and columns.
package struct ReportTable: Equatable, Sendable {
  /// A number with the interval it could be in, in words.
  package struct Cell: Equatable, Sendable {
    var value: String
    var interval: String?

    package init(value: String, interval: String? = nil) {
      (self.value, self.interval) = (value, interval)
    }
  }

  /// A row with its name.
  package struct Row: Equatable, Sendable {
    var name: String
    /// The page that the name leads to, as a path from this one's folder.
    var page: String?
    /// As many as there are columns.
    var cells: [Cell]
    /// Whether it sums the others up.
    var isTotal = false

    package init(name: String, page: String? = nil, cells: [Cell], isTotal: Bool = false) {
      (self.name, self.page, self.cells, self.isTotal) = (name, page, cells, isTotal)
    }
  }

  /// Its heading.
  var title: String
  /// Names above several columns each, from the left; empty for none.
  var groups: [(name: String, columns: Int)]
  var columns: [String]
  var rows: [Row]

  package init(
    title: String, groups: [(name: String, columns: Int)], columns: [String], rows: [Row]
  ) {
    (self.title, self.groups, self.columns, self.rows) = (title, groups, columns, rows)
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.title == right.title && left.columns == right.columns && left.rows == right.rows
      && left.groups.elementsEqual(right.groups, by: ==)
  }
}

/// A confusion matrix with the names of its classes.
package struct ConfusionFigure: Equatable, Sendable {
  /// Its heading.
  var title: String
  /// As many as the matrix has classes.
  var names: [String]
  var matrix: ConfusionMatrix
}

/// A picture of a sample.
package struct ReportPicture: Equatable, Sendable {
  var picture: JPEGPicture
  /// What is said of it.
  var caption: String
  /// Whether the model was right about it; nil where nothing was to be right about.
  var isRight: Bool?
}
