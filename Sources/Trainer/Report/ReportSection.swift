/// A part of `report.html`: what a stage wants to be seen of an evaluation.
///
/// Sections are values, and know nothing of HTML: a stage names figures, `ReportPage` draws them, and
/// TensorBoard takes those that it can show.
struct ReportSection: Sendable {
  /// Its heading.
  var title: String
  /// A sentence for who sees such a figure for the first time; nil where the title says it all.
  var note: String?
  /// In the order of reading.
  var figures: [ReportFigure]

  /// A section with every field given.
  init(_ title: String, note: String? = nil, _ figures: [ReportFigure]) {
    self.title = title
    self.note = note
    self.figures = figures
  }
}

/// Something to look at.
enum ReportFigure: Sendable {
  /// Curves over steps, or over time.
  case lines(LineChart)
  /// Points of two dimensions, each with its truth.
  case plane(AffectPlane)
  /// What classes were taken for.
  case confusion(ConfusionFigure)
  /// Confidence against accuracy.
  case reliability(Calibration)
  /// Names and values.
  case facts([ReportFact])
  /// Pictures with a line each.
  case gallery([ReportPicture])
  /// A text as it is, such as a configuration.
  case verbatim(String)
}

/// A name and its value.
struct ReportFact: Equatable, Sendable {
  var name: String
  var value: String

  /// A fact with both.
  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// Curves over a common axis.
struct LineChart: Equatable, Sendable {
  /// A point of a curve.
  struct Point: Equatable, Sendable {
    var x: Double
    var y: Double
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
struct AffectPlane: Equatable, Sendable {
  /// Predicted and true.
  struct Pair: Equatable, Sendable {
    var prediction: SIMD2<Double>
    var truth: SIMD2<Double>
  }

  /// Samples whose valence and arousal are known.
  var pairs: [Pair]
}

/// A confusion matrix with the names of its classes.
struct ConfusionFigure: Equatable, Sendable {
  /// Its heading.
  var title: String
  /// As many as the matrix has classes.
  var names: [String]
  var matrix: ConfusionMatrix
}

/// A picture of a sample.
struct ReportPicture: Equatable, Sendable {
  /// A JPEG file.
  var file: [UInt8]
  /// Columns.
  var width: Int
  /// Rows.
  var height: Int
  /// What is said of it.
  var caption: String
  /// Whether the model was right about it; nil where nothing was to be right about.
  var isRight: Bool?
}
