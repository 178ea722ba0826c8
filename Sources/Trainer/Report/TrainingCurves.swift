import Foundation

/// The numbers of `metrics.jsonl` as curves over steps, in bounded memory.
struct TrainingCurves: Equatable {
  /// One number of one split.
  struct Name: Hashable {
    var split: MetricsRecord.Split
    var metric: String
  }

  /// A curve that keeps at most twice `mostPoints`: when it has more, each two become their mean.
  private struct Curve: Equatable {
    static let mostPoints = 1024
    var points: [LineChart.Point] = []
    /// Records that a point stands for.
    var stride = 1
    private var pending: (count: Int, x: Double, y: Double) = (0, 0, 0)

    mutating func append(_ x: Double, _ y: Double) {
      pending = (pending.count + 1, pending.x + x, pending.y + y)
      guard pending.count == stride else { return }
      points.append(mean)
      pending = (0, 0, 0)
      guard points.count == 2 * Self.mostPoints else { return }
      points = (0..<Self.mostPoints).map { index in
        let (first, second) = (points[2 * index], points[2 * index + 1])
        return LineChart.Point(x: (first.x + second.x) / 2, y: (first.y + second.y) / 2)
      }
      stride *= 2
    }

    /// The points and what has come since the last of them.
    var all: [LineChart.Point] { pending.count == 0 ? points : points + [mean] }

    private var mean: LineChart.Point {
      LineChart.Point(
        x: pending.x / Double(pending.count), y: pending.y / Double(pending.count))
    }

    static func == (left: Curve, right: Curve) -> Bool { left.all == right.all }
  }

  /// Counts and places, which are no curves.
  private static let ignored: Set<String> = [
    "step", "epoch", "samples", "skipped", "rows_left_out",
  ]

  private var curves: [Name: Curve] = [:]

  /// No curves.
  init() {}

  /// The curves of a metrics file; none where there is no file.
  ///
  /// - Throws: `TrainerError.system` where it cannot be read.
  init(file path: String) throws {
    guard let content = try DurableFiles.contents(path) else { return }
    for line in MetricsLine.all(in: content) {
      for (metric, value) in line.numbers { append(line.step, line.split, metric, value) }
    }
  }

  /// Takes a record, with as many digits as its line in the file has.
  mutating func append(_ record: MetricsRecord) {
    for (metric, value) in record.values where value.number != nil {
      guard let number = Double(value.json) else { continue }
      append(Double(record.step), record.split, metric, number)
    }
  }

  private mutating func append(
    _ step: Double, _ split: MetricsRecord.Split, _ metric: String, _ value: Double
  ) {
    guard !Self.ignored.contains(metric) else { return }
    curves[Name(split: split, metric: metric), default: Curve()].append(step, value)
  }

  /// Validation first, which is what a training is judged by; then by their metrics.
  private var names: [Name] {
    curves.keys.sorted { ($1.split.rawValue, $0.metric) < ($0.split.rawValue, $1.metric) }
  }

  /// The points of a number.
  func points(_ split: MetricsRecord.Split, _ metric: String) -> [LineChart.Point] {
    curves[Name(split: split, metric: metric)]?.all ?? []
  }
}

extension TrainingCurves {
  /// Which numbers a chart has, by what their names end with.
  private struct Group {
    var title: String
    var endings: [String]
    var range: ClosedRange<Double>?
  }

  /// What does not fit any of them gets a chart of its own.
  private static let groups = [
    Group(title: "Loss", endings: ["loss"], range: nil),
    Group(title: "Accuracy", endings: ["accuracy", "accuracy_7", "uar"], range: 0...1),
    Group(title: "Concordance (CCC)", endings: ["ccc"], range: 0...1),
    Group(title: "Concordance after post-processing", endings: ["ccc_postprocessed"], range: 0...1),
    Group(
      title: "Concordance with one modality alone",
      endings: ["ccc_without_audio", "ccc_without_visual"], range: 0...1),
    Group(title: "Correlation (Pearson)", endings: ["correlation"], range: 0...1),
    Group(title: "Error (RMSE)", endings: ["rmse"], range: 0...0),
    Group(title: "Squared error", endings: ["mse"], range: 0...0),
    Group(title: "Calibration error (ECE)", endings: ["ece"], range: 0...0),
  ]
  /// What tells of the machine instead of the model; each stage names what it counts.
  private static let (rateEnding, wait) = ("_per_second", "data_wait")

  /// Losses, scores and rates.
  var learning: ReportSection {
    let shown = names.filter { !$0.metric.hasSuffix(Self.rateEnding) && $0.metric != Self.wait }
    var charts: [(title: String, range: ClosedRange<Double>?, names: [Name])] = []
    for name in shown {
      let group = Self.groups.first { group in
        group.endings.contains { name.metric == $0 || name.metric.hasSuffix("_\($0)") }
      }
      let title = group?.title ?? Self.title(name.metric)
      if let index = charts.firstIndex(where: { $0.title == title }) {
        charts[index].names.append(name)
      } else {
        charts.append((title, group?.range, [name]))
      }
    }
    let order = Self.groups.map(\.title)
    let sorted = charts.sorted {
      (order.firstIndex(of: $0.title) ?? order.count, $0.title)
        < (order.firstIndex(of: $1.title) ?? order.count, $1.title)
    }
    return ReportSection(
      "Learning", sorted.map { .lines(chart($0.title, $0.names, range: $0.range)) })
  }

  /// Samples a second, and the part of the time that went into waiting for them.
  var throughput: ReportSection {
    let rates = Set(names.map(\.metric).filter { $0.hasSuffix(Self.rateEnding) })
    return ReportSection(
      "Throughput",
      (rates.sorted() + [Self.wait]).compactMap { metric in
        let own = names.filter { $0.metric == metric }
        return own.isEmpty
          ? nil : .lines(chart(Self.title(metric), own, range: 0...0))
      })
  }

  private func chart(_ title: String, _ names: [Name], range: ClosedRange<Double>?) -> LineChart {
    LineChart(
      title: title, horizontal: "step",
      series: names.map { name in
        LineChart.Series(
          name: "\(name.split.rawValue) \(Self.words(name.metric))",
          points: points(name.split, name.metric))
      }, range: range)
  }

  private static func title(_ metric: String) -> String {
    let words = words(metric)
    return words.prefix(1).uppercased() + words.dropFirst()
  }

  private static func words(_ metric: String) -> String {
    // The name in metrics.jsonl is from the time when all samples were images.
    metric == "images_per_second"
      ? "samples per second" : metric.replacingOccurrences(of: "_", with: " ")
  }
}
