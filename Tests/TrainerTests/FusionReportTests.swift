import Foundation
import Testing

@testable import Trainer

@Suite("Reports of the stage fusion")
struct FusionReportTests {
  /// Recordings of slow waves, and predictions that are later and flatter the higher their number.
  private func report(
    recordings count: Int, frames: Int, isProcessed: Bool = true
  ) -> FusionReport {
    func wave(_ recording: Int, _ delay: Int, _ factor: Float) -> [SIMD2<Float>] {
      (0..<frames).map { frame in
        let place = Float(frame - delay) / 300 + Float(recording)
        return factor * SIMD2(sin(place), cos(1.7 * place))
      }
    }
    let split = FusionSplit(
      recordings: (0..<count).map {
        FusionRecording(
          name: "dev_\($0)", labels: wave($0, 0, 0.8), frameCount: frames, features: [:],
          inputs: [:],
          contentDigests: [])
      })
    let predictions = (0..<count).map { wave($0, 10 * $0, 0.5) }
    let processed = (0..<count).map { wave($0, 5 * $0, 0.7) }
    return FusionReport(
      split: .validation, raw: SplitScores(split, predictions),
      processed: isProcessed ? SplitScores(split, processed) : nil,
      postProcessing: isProcessed ? AffectPostProcessing() : nil,
      withoutModality: isProcessed ? [(.visual, SplitScores(split, processed))] : [],
      frames: (count * frames, 0),
      traces: RecordingTraces(
        truths: split.recordings.map(\.labels), predictions: predictions,
        processed: isProcessed ? processed : nil))
  }

  private func traces(_ content: ReportContent) -> [AffectTraces] {
    content.sections.flatMap(\.figures).compactMap { figure in
      guard case .traces(let traces) = figure else { return nil }
      return traces
    }
  }

  private func html(_ content: ReportContent) -> String {
    ReportPage(title: "fusion", subtitle: "", highlights: [], sections: content.sections).html
  }

  @Test("sums of parts give the scores of the whole")
  func moments() {
    let pairs = (0..<900).map { index -> (Float, Float) in
      (sin(Float(index) / 7) / 2 + 0.1, sin(Float(index) / 7 + 0.4))
    }
    var sum = DimensionMoments()
    for part in 0..<3 { sum += DimensionMoments(pairs[(300 * part)..<(300 * part + 300)]) }
    let whole = DimensionScore(pairs.map { (prediction: $0, truth: $1) })
    #expect(abs(sum.concordance - whole.concordance) < 1e-12)
    #expect(abs(sum.rootMeanSquaredError - whole.rootMeanSquaredError) < 1e-12)
    #expect(DimensionMoments([(0.3, 0.3)]).rootMeanSquaredError == 0)
    #expect(DimensionMoments().concordance.isNaN)
  }

  @Test("intervals are over recordings: what is between the best and the worst of them")
  func intervals() throws {
    var several = report(recordings: 5, frames: 800)
    several.addIntervals(Bootstrap(replicates: 200))
    let scores = several.raw.recordings.map(\.scores.valence.concordance)
    let interval = try #require(several.intervals["valence_ccc"])
    #expect(interval.low < several.raw.concatenated.valence.concordance)
    #expect(several.raw.concatenated.valence.concordance < interval.high)
    let (worst, best) = (try #require(scores.min()), try #require(scores.max()))
    #expect(interval.low > worst - 0.1 && interval.high < best + 0.1)
    for name in ["ccc", "arousal_rmse", "ccc_postprocessed", "arousal_ccc_without_visual"] {
      #expect(several.intervals[name] != nil, "\(name)")
    }
    #expect(several.text.contains("over 200 bootstrap replicates of 5 whole recordings"))
    #expect(try several.json().contains("\"bootstrap\":{"))
    var single = report(recordings: 1, frames: 800)
    single.addIntervals(Bootstrap(replicates: 200))
    #expect(single.intervals.all.isEmpty && single.intervals.text == nil)
    #expect(try !single.json().contains("bootstrap"))
  }

  @Test("traces, scores and post-processing of recordings are shown")
  func content() throws {
    let content = report(recordings: 3, frames: 250).content()
    #expect(traces(content).map(\.name) == ["dev_0", "dev_1", "dev_2"])
    let page = html(content)
    for part in [
      "dev_2: arousal", "as predicted", "post-processed", "end to end, sound alone",
      "Post-processing of valence", "of 3 whole recordings", "valence CCC 0.",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    // The first of three recordings ends after 250 frames of 40 ms.
    #expect(page.contains("\">10</text>") && !page.contains("\">12</text>"))
    let plain = html(report(recordings: 3, frames: 250, isProcessed: false).content())
    #expect(!plain.contains("post-processed") && !plain.contains("alone"))
  }

  @Test("as large a set as RECOLA makes a small page, and a larger one no larger")
  func size() {
    let content = report(recordings: 18, frames: 7500).content()
    #expect(traces(content).count == 18)
    #expect(html(content).utf8.count < 600_000)
    let more = report(recordings: 40, frames: 900).content()
    let shown = traces(more).map(\.name)
    #expect(shown.count == FusionReport.mostTraces)
    // The best and the worst are among them.
    #expect(shown.first == "dev_0" && shown.last == "dev_39")
    #expect(html(more).contains("18 of 40 recordings"))
  }

  @Test("predictions that are not finite leave gaps, and names cannot become markup")
  func hostile() {
    let bad = AffectTraces(
      name: "<script>alert(1)</script>", truth: [[0, 0], [.nan, .nan], [1, 1]],
      predictions: [[.nan, .infinity], [0, 0], [-.infinity, 1]], processed: nil,
      ranges: [-1...1, -1...1], caption: "<b>")
    let html = ReportFigure.traces(bad).figure.html
    #expect(!html.contains("<script") && !html.contains("<b><") && !html.contains("nan"))
    #expect(!html.contains("inf"))
  }
}
