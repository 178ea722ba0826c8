import Datasets
import Foundation
import Media
import TestSupport
import Testing

@testable import Trainer

@Suite("report.html")
struct ReportTests {
  private let hostile = "</td><script>alert('1')</script>\"&"

  private func record(
    _ step: Int, _ split: MetricsRecord.Split, _ values: [(String, MetricValue)]
  ) -> MetricsRecord {
    MetricsRecord(
      step: step, epoch: Double(step) / 4, split: split,
      values: values.map { (name: $0.0, value: $0.1) })
  }

  private func evaluation(_ accuracy: Double) -> Evaluation {
    Evaluation(
      hasFiniteOutputs: true, values: [("accuracy", .number(accuracy)), ("loss", .number(.nan))],
      summary: "")
  }

  private func writer(
    in folder: TemporaryFolder, title: String = "teacher"
  ) throws -> ReportWriter {
    try ReportWriter(
      ReportWriter.Frame(
        path: "\(folder.path)/report.html", title: title, subtitle: "10 faces", totalSteps: 8,
        metrics: ["accuracy", "loss"], environment: [ReportFact("Host", hostile)],
        configuration: "seed: 5\n# \(hostile)\n"),
      metrics: "\(folder.path)/metrics.jsonl")
  }

  @Test("names, paths and configurations cannot become markup")
  func escaping() throws {
    let folder = try TemporaryFolder()
    let writer = try writer(in: folder, title: hostile)
    writer.append(record(1, .training, [(hostile, .number(1))]))
    var matrix = ConfusionMatrix(classes: 1)
    matrix.add(label: 0, prediction: 0)
    let sections = [
      ReportSection(
        hostile, note: hostile,
        [
          .confusion(ConfusionFigure(title: hostile, names: [hostile], matrix: matrix)),
          .gallery([
            ReportPicture(
              picture: JPEGPicture(width: 1, height: 1, file: [1]), caption: hostile, isRight: false
            )
          ]),
        ])
    ]
    try writer.write(evaluation(0.5), after: 1, ReportContent(sections: sections))
    let html = try folder.text(of: "report.html")
    #expect(!html.contains("<script"))
    #expect(!html.contains("alert('"))
    #expect(html.contains("&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"))
    // Metrics are names of ours, but a file could say anything.
    #expect(Markup.text("a\u{0}b\u{1B}").html == "a\u{FFFD}b\u{FFFD}")
    #expect(Markup.element("img", ["alt": "\"><b>"]).html == "<img alt=\"&quot;&gt;&lt;b&gt;\">")
  }

  @Test("the page stands alone: nothing is loaded, nothing runs")
  func standsAlone() throws {
    let folder = try TemporaryFolder()
    let writer = try writer(in: folder)
    try writer.write(evaluation(0.5), after: 4, ReportContent())
    let html = try folder.text(of: "report.html")
    #expect(html.hasPrefix("<!DOCTYPE html>"))
    for forbidden in ["http:", "https:", "<link", "<script", "url(", "@import"] {
      let mentions = html.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
      #expect(!mentions.contains(forbidden), "\(forbidden)")
    }
    #expect(html.contains("default-src &#39;none&#39;"))
    #expect(html.contains("prefers-color-scheme: dark") && html.contains("@media print"))
    #expect(html.contains("<b>0.5000</b><span>accuracy</span>"))
    // A number that is none is not shown as one.
    #expect(!html.contains("<span>loss</span>"))
  }

  @Test("a resumed run's curves are those of the whole run")
  func resumed() throws {
    let folder = try TemporaryFolder()
    let records = (1...3001).map {
      record($0, .training, [("loss", .number(1 / Double($0))), ("bad", .number(.nan))])
    }
    var whole = TrainingCurves()
    for record in records { whole.append(record) }
    let path = try folder.write(
      records.prefix(1700).map { $0.line + "\n" }.joined() + "{\"torn\":", to: "metrics.jsonl")
    var resumed = try TrainingCurves(file: path)
    for record in records.dropFirst(1700) { resumed.append(record) }
    #expect(resumed == whole)
    let points = whole.points(.training, "loss")
    #expect(points.count <= 2048 && points.count > 1000)
    #expect(points.first?.x == 1.5 && points.last?.x == 3001)
    #expect(whole.points(.training, "bad").isEmpty)
    #expect(try TrainingCurves(file: "\(folder.path)/none").learning.figures.isEmpty)
  }

  @Test("related numbers share a chart, and unknown ones have their own")
  func groups() throws {
    var curves = TrainingCurves()
    curves.append(
      record(
        1, .training,
        [
          ("loss", .number(2)), ("affect_loss", .number(1)), ("windows_per_second", .number(9)),
          ("gradient_norm", .number(3)), ("skipped", .integer(0)),
        ]))
    curves.append(
      record(
        2, .validation,
        [("loss", .number(2)), ("accuracy", .number(0.5)), ("valence_ccc", .number(0.1))]))
    let charts = curves.learning.figures.compactMap { figure -> LineChart? in
      guard case .lines(let chart) = figure else { return nil }
      return chart
    }
    #expect(charts.map(\.title) == ["Loss", "Accuracy", "Concordance (CCC)", "Gradient norm"])
    #expect(
      charts[0].series.map(\.name) == ["validation loss", "training affect loss", "training loss"])
    #expect(curves.throughput.figures.count == 1)
  }

  @Test("the end is told, and a run that evaluated nothing leaves the page that is there")
  func finished() throws {
    let folder = try TemporaryFolder()
    let first = try writer(in: folder)
    try first.write(evaluation(0.5), after: 8, ReportContent())
    #expect(try folder.text(of: "report.html").contains("after step 8 of 8"))
    try first.finish()
    let page = try folder.text(of: "report.html")
    #expect(page.contains("finished after step 8"))
    try writer(in: folder).finish()
    try writer(in: folder).stop(after: 8)
    #expect(try folder.text(of: "report.html") == page)
  }

  @Test("a run that is stopped shows its curves up to there, evaluated or not")
  func stopped() throws {
    let folder = try TemporaryFolder()
    let writer = try writer(in: folder)
    writer.append(record(1, .training, [("loss", .number(2))]))
    try writer.stop(after: 2)
    let early = try folder.text(of: "report.html")
    #expect(early.contains("stopped after step 2 of 8, not evaluated yet"))
    #expect(early.contains("<b>Loss</b>") && early.contains("seed: 5"))
    try writer.write(evaluation(0.5), after: 4, ReportContent())
    try writer.stop(after: 6)
    let late = try folder.text(of: "report.html")
    #expect(late.contains("stopped after step 6 of 8, evaluated after step 4"))
  }

  @Test("numbers have their intervals beside them")
  func intervals() throws {
    let folder = try TemporaryFolder()
    let intervals = BootstrapIntervals(
      Bootstrap(), ["accuracy": ConfidenceInterval(low: 0.25, high: 0.75)], order: ["accuracy"])
    try writer(in: folder).write(
      evaluation(0.5), after: 4,
      ReportContent(
        sections: [
          ReportSection(
            "x", note: intervals.note, [.facts([ReportFact("y", "z", interval: hostile)])])
        ], intervals: intervals))
    let html = try folder.text(of: "report.html")
    #expect(html.contains("<span>accuracy</span><small>0.2500 to 0.7500</small>"))
    #expect(html.contains("95 % intervals over 1000 bootstrap replicates."))
    #expect(html.contains("<td>z <small>&lt;/td&gt;"))
    #expect(BootstrapIntervals().note == nil)
    #expect(intervals["accuracy"]?.percent == "25.0 to 75.0 %" && intervals["uar"] == nil)
  }

  @Test("tables name their rows and columns")
  func tables() {
    let table = ReportTable(
      title: hostile, groups: [(hostile, 2)], columns: ["a", hostile],
      rows: [
        ReportTable.Row(
          name: hostile, cells: [.init(value: "1", interval: hostile), .init(value: hostile)],
          isTotal: true)
      ])
    let html = ReportFigure.table(table).figure.html
    #expect(!html.contains("<script") && html.contains("<th colspan=\"2\" scope=\"colgroup\">"))
    #expect(html.contains("<tr class=\"total\"><th scope=\"row\">&lt;/td&gt;"))
  }

  @Test("a page is bounded, however long the run and however large the lists")
  func size() throws {
    let folder = try TemporaryFolder()
    let writer = try writer(in: folder)
    for step in 1...3000 {
      writer.append(
        record(
          step, .training,
          (0..<4).map { ("number_\($0)", .number(sin(Double(step) * Double($0 + 1)))) }))
    }
    let pairs = (0..<20_000).map {
      AffectPlane.Pair(prediction: [sin(Double($0)), 0.5], truth: [0, cos(Double($0))])
    }
    try writer.write(
      evaluation(0.5), after: 3000,
      ReportContent(sections: [ReportSection("Plane", [.plane(AffectPlane(pairs: pairs))])]))
    #expect(try folder.text(of: "report.html").utf8.count < 200_000)
  }

  @Test("a thinned curve keeps its peaks and its order")
  func thinning() {
    var points = (0..<5000).map { LineChart.Point(x: Double($0), y: 0) }
    points[3333].y = 9
    points[17].y = .nan
    let thinned = LineChart.thinned(points)
    #expect(thinned.count <= LineChart.mostPoints)
    #expect(thinned.contains { $0.y == 9 })
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
    #expect(LineChart.thinned(Array(points.prefix(20))).count == 20)
  }

  @Test("axes have a few round numbers, whatever they show")
  func axes() {
    for values in [[0.0, 1], [3], [0], [-1e-12, 1e-12], [1e9, 3e9], [0.123, 0.1231], []] {
      let axis = ChartAxis(showing: values)
      #expect((2...12).contains(axis.ticks.count), "\(values)")
      #expect(values.allSatisfy { (0...1).contains(axis.place(of: $0)) }, "\(values)")
      #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count, "\(values)")
    }
    #expect(ChartAxis(showing: [0, 1]).ticks.map(ChartAxis(showing: [0, 1]).label).last == "1.0")
    #expect(ChartAxis(showing: [.nan, .infinity, 2, 4]).range == 2...4)
  }

  @Test("a sheet shows what the network saw")
  func sheet() throws {
    let augmentation = Augmentation(
      imageSize: 32, cropScale: 1...1, cropRatio: 1...1, flipProbability: 0, brightness: 0,
      contrast: 0, saturation: 0)
    func image(_ color: SIMD3<Float>) -> [Float] {
      let normalized = (color - augmentation.mean) / augmentation.standardDeviation
      return (0..<1024).flatMap { _ in [normalized.x, normalized.y, normalized.z] }
    }
    let images = SampleImages(
      image([1, 0.2, 0]) + image([0, 0, 0.6]) + image([.nan, 9, 0]), augmentation)
    let sheet = try #require(try images.sheet(columns: 2, most: 16))
    #expect(sheet.width == 32 && sheet.height == 32)
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    try sheet.file.withUnsafeBytes { bytes in
      _ = try decoder.open(bytes: bytes, name: "sheet")
      try decoder.decode(into: pixels)
    }
    func shows(_ color: [Int], _ x: Int, _ y: Int) -> Bool {
      (0..<3).allSatisfy { abs(Int(pixels.bytes[4 * (y * 32 + x) + $0]) - color[$0]) < 12 }
    }
    #expect(shows([255, 51, 0], 8, 8) && shows([0, 0, 153], 24, 8))
    #expect(shows([0, 255, 0], 8, 24) && shows([0, 0, 0], 24, 24))
    #expect(try SampleImages([], augmentation).sheet(columns: 2, most: 16) == nil)
  }

  @Test("the gallery begins with the most confident mistakes")
  func gallery() {
    var samples = ClassifiedSamples(classes: 3)
    for index in 0..<40 {
      // Every fourth is a mistake, the more confident the later; some have no class.
      let logit = Float(index) / 10
      samples.append(
        label: index % 7 == 6 ? -1 : index % 4 == 0 ? 1 : 0, logits: [1 + logit, 0, 0])
    }
    let chosen = FaceGallery.choose(from: samples)
    #expect(chosen.prefix(3) == [36, 32, 28])
    #expect(chosen.allSatisfy { samples.labels[$0] >= 0 })
    #expect(chosen.count == Set(chosen).count && chosen.count <= 24)
    #expect(FaceGallery.choose(from: ClassifiedSamples(classes: 3)).isEmpty)
  }

  @Test("TensorBoard is given the confusion matrix as a table")
  func table() throws {
    var matrix = ConfusionMatrix(classes: 2)
    matrix.add(label: 0, prediction: 1)
    let figure = ConfusionFigure(title: "", names: ["a|b", "c"], matrix: matrix)
    #expect(
      figure.markdown == """
        | true class | a\\|b | c |
        | --- | ---: | ---: |
        | **a\\|b** | 0 | 1 |
        | **c** | 0 | 0 |
        """)
    let summaries = try ModelSummaries.figures(of: [ReportSection("x", [.confusion(figure)])])
    #expect(summaries.map(\.tag) == ["validation/confusion", "validation/confusion_matrix"])
  }
}
