import Datasets
import Foundation

/// What an evaluation of a fusion network found, the same for any number of ranks.
public struct FusionReport: MeasuredReport {
  /// The recordings that were predicted.
  let split: Split
  /// As the network predicts them.
  let raw: SplitScores
  /// After what development data chose; nil where nothing has been chosen.
  let processed: SplitScores?
  /// What that is.
  let postProcessing: AffectPostProcessing?
  /// With a modality missing, for a network that has learned to do without.
  let withoutModality: [(missing: Modality, scores: SplitScores)]
  /// Frames of all recordings, and those without a face.
  let frames: (all: Int, withoutFace: Int)
  /// The recordings that lack a modality, by name: their film or sound is missing.
  var recordingsWithout: [Modality: [String]] = [:]
  /// Predictions over time.
  let traces: RecordingTraces
  /// How far other recordings' numbers could be, by the names of the numbers; empty where nobody asked.
  var intervals = BootstrapIntervals()
  /// None: recordings that cannot be used end an evaluation.
  public var problems: [SampleProblem] { [] }

  /// The numbers that models can be compared by.
  static var metrics: [EvaluationMetric] {
    [EvaluationMetric("ccc", better: .larger)]
      + ["valence", "arousal"].flatMap { name in
        [
          EvaluationMetric("\(name)_ccc", better: .larger),
          EvaluationMetric("\(name)_rmse", better: .smaller),
        ]
      }
      + [EvaluationMetric("ccc_postprocessed", better: .larger)]
  }

  /// Whether the network predicts numbers.
  var isFinite: Bool {
    raw.concatenated.dimensions.allSatisfy(\.score.hasFinitePredictions)
  }

  /// The numbers for `metrics.jsonl`, all of the recordings end to end.
  var values: [(name: String, value: MetricValue)] {
    [("ccc", .number(raw.concatenated.concordance))]
      + raw.concatenated.dimensions.flatMap { name, score in
        [
          ("\(name)_ccc", .number(score.concordance)),
          ("\(name)_rmse", .number(score.rootMeanSquaredError)),
          ("\(name)_correlation", .number(score.correlation)),
        ]
      }
      + (processed.map { concordances($0, ending: "_postprocessed") } ?? [])
      + withoutModality.flatMap {
        concordances($0.scores, ending: "_without_\($0.missing.rawValue)")
      }
  }

  private func concordances(
    _ scores: SplitScores, ending: String
  ) -> [(name: String, value: MetricValue)] {
    [("ccc\(ending)", .number(scores.concatenated.concordance))]
      + scores.concatenated.dimensions.map { name, score in
        ("\(name)_ccc\(ending)", .number(score.concordance))
      }
  }

  /// One line for the terminal.
  var summary: String {
    String(
      format: "CCC valence %.4f, arousal %.4f", raw.concatenated.valence.concordance,
      raw.concatenated.arousal.concordance)
      + (processed.map {
        String(
          format: " (post-processed %.4f, %.4f)", $0.concatenated.valence.concordance,
          $0.concatenated.arousal.concordance)
      } ?? "")
  }

  /// The report as tables for people.
  public var text: String {
    let faces =
      frames.withoutFace > 0 ? ", \(frames.withoutFace) of them without a face" : ""
    let head = "\(split.rawValue)  \(raw.recordings.count) recordings, \(frames.all) frames\(faces)"
    let without = missing.map { "no \($0.medium): \($0.names)" }
    return
      ([([head] + without).joined(separator: "\n"), table("as predicted", raw)]
      + [processed.map { table("post-processed", $0) }, postProcessingText].compactMap { $0 }
      + withoutModality.map { table("without the \($0.missing.rawValue) modality", $0.scores) }
      + [intervals.text].compactMap { $0 })
      .joined(separator: "\n\n")
  }

  /// What is missing of recordings, in words.
  var missing: [(medium: String, names: String)] {
    Modality.allCases.compactMap { modality in
      recordingsWithout[modality].map { (modality.medium, $0.joined(separator: ", ")) }
    }
  }

  private func table(_ title: String, _ scores: SplitScores) -> String {
    let rows = scores.recordings.map { row($0.name, $0.scores) }
    let columns = "     CCC    RMSE Pearson"
    return
      ([
        padded(title) + "valence".padding(toLength: 24, withPad: " ", startingAt: 0) + "   arousal",
        padded("") + columns + "   " + columns,
      ] + rows + [row("concatenated", scores.concatenated)]).joined(separator: "\n")
  }

  private func row(_ name: String, _ scores: AffectScores) -> String {
    let cells = scores.dimensions.map { _, score in
      [score.concordance, score.rootMeanSquaredError, score.correlation]
        .map { $0.isFinite ? String(format: "%8.4f", $0) : "       -" }.joined()
    }
    return padded(name) + cells.joined(separator: "   ")
  }

  private func padded(_ text: String) -> String {
    text.padding(toLength: max(30, text.count + 1), withPad: " ", startingAt: 0)
  }

  private var postProcessingText: String? {
    postProcessing.map { choice in
      [("valence", choice.valence), ("arousal", choice.arousal)]
        .map { "\($0): \($1.summary)" }.joined(separator: "\n")
    }
  }

  /// The report as one JSON object.
  public func json() throws -> String {
    try json(of: Content(self))
  }

  private typealias Numbers = [String: [String: Double?]]

  /// The names are those of the JSON object.
  private struct Content: Encodable {
    var split: String
    var frames: Int
    var framesWithoutFace: Int
    var recordingsWithout: [String: [String]]
    var raw: Scores
    var postprocessed: Scores?
    var postprocessing: AffectPostProcessing?
    var without: [String: Scores]
    var bootstrap: BootstrapIntervals?

    // swift-format-ignore: AlwaysUseLowerCamelCase
    enum CodingKeys: String, CodingKey {
      case split, frames, raw, postprocessed, postprocessing, without, bootstrap
      case framesWithoutFace = "frames_without_face"
      case recordingsWithout = "recordings_without"
    }

    init(_ report: FusionReport) {
      split = report.split.rawValue
      frames = report.frames.all
      framesWithoutFace = report.frames.withoutFace
      recordingsWithout = Dictionary(
        uniqueKeysWithValues: report.recordingsWithout.map { ($0.key.rawValue, $0.value) })
      raw = Scores(report.raw)
      postprocessed = report.processed.map(Scores.init)
      postprocessing = report.postProcessing
      without = Dictionary(
        uniqueKeysWithValues: report.withoutModality.map {
          ($0.missing.rawValue, Scores($0.scores))
        })
      bootstrap = report.intervals.all.isEmpty ? nil : report.intervals
    }
  }

  private struct Scores: Encodable {
    var ccc: Double?
    var concatenated: Numbers
    var recordings: [String: Numbers]

    init(_ scores: SplitScores) {
      let mean = scores.concatenated.concordance
      ccc = mean.isFinite ? mean : nil
      concatenated = Self.numbers(scores.concatenated)
      recordings = Dictionary(
        uniqueKeysWithValues: scores.recordings.map { ($0.name, Self.numbers($0.scores)) })
    }

    private static func numbers(_ scores: AffectScores) -> Numbers {
      Dictionary(uniqueKeysWithValues: scores.dimensions.map { ($0.name, $0.score.numbers) })
    }
  }
}

extension PostProcessing {
  /// The steps in words.
  var summary: String {
    let seconds = { (frames: Int) in
      String(format: "%.2f s", Double(frames) * FrameClock.periodSeconds)
    }
    let steps = [
      medianFrames > 1 ? "median of \(seconds(medianFrames))" : nil,
      offset != 0 ? String(format: "%+.4f", offset) : nil,
      factor != 1 ? String(format: "× %.4f around %.4f", factor, pivot) : nil,
      shiftFrames > 0 ? "later by \(seconds(shiftFrames))" : nil,
      shiftFrames < 0 ? "earlier by \(seconds(-shiftFrames))" : nil,
    ].compactMap { $0 }
    return steps.isEmpty ? "as predicted" : steps.joined(separator: ", ")
  }
}
