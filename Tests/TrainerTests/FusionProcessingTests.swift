import Foundation
import TestSupport
import Testing

@testable import Trainer

/// Delay, windows and post-processing of the stage fusion.
@Suite("Fusion: windows, delay, post-processing")
struct FusionProcessingTests {
  /// What numpy and scipy give: `Goldens/generate.py`.
  private struct Golden: Decodable {
    struct Choice: Decodable {
      var median: Int
      var offset: Double
      var factor: Double
      var pivot: Double
      var shift: Int
    }
    var truths: [[Float]]
    var predictions: [[Float]]
    var medians: [String: [Float]]
    var shifts: [String: [Float]]
    var choice: Choice
    var scores: [Double]
    var processed: [Float]
    var ccc: Double
    var pearson: Double
    var rmse: Double
  }

  private func expected() throws -> Golden {
    try JSONDecoder().decode(Golden.self, from: golden("postprocessing.json"))
  }

  private func isClose(_ left: Double, _ right: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(left - right) <= tolerance * max(1, abs(right))
  }

  // MARK: - Post-processing

  @Test("a running median and a shift are scipy's and numpy's")
  func steps() throws {
    let golden = try expected()
    #expect(golden.medians.count == 3 && golden.shifts.count == 3)
    for (frames, expected) in golden.medians {
      let width = try #require(Int(frames))
      #expect(PostProcessing.median(golden.predictions[0], frames: width) == expected)
    }
    for (frames, expected) in golden.shifts {
      let count = try #require(Int(frames))
      #expect(PostProcessing.shifted(golden.predictions[0], frames: count) == expected)
    }
    // Wider than the recording.
    #expect(PostProcessing.median([3, 1, 2], frames: 9) == [3, 2, 2])
  }

  @Test("scores are numpy's and scipy's")
  func scores() throws {
    let golden = try expected()
    let score = DimensionScore(
      zip(golden.predictions[0], golden.truths[0]).map { (prediction: $0, truth: $1) })
    #expect(isClose(score.concordance, golden.ccc))
    #expect(isClose(score.correlation, golden.pearson))
    #expect(isClose(score.rootMeanSquaredError, golden.rmse))
  }

  private var section: PostProcessingSection {
    var section = PostProcessingSection()
    section.medianSeconds = [0.12, 0.36, 1]
    section.shiftSeconds = [0.2, -0.2, 0.6]
    return section
  }

  @Test("each step is chosen where it raises the concordance correlation, as numpy finds it")
  func choice() throws {
    let golden = try expected()
    let choice = section.choice(predictions: golden.predictions, truths: golden.truths)
    #expect(choice.medianFrames == golden.choice.median)
    #expect(choice.shiftFrames == golden.choice.shift)
    #expect(isClose(Double(choice.offset), golden.choice.offset))
    #expect(isClose(Double(choice.factor), golden.choice.factor, 1e-5))
    #expect(isClose(Double(choice.pivot), golden.choice.pivot))
    let processed = choice.applied(to: golden.predictions[0])
    #expect(zip(processed, golden.processed).allSatisfy { abs($0 - $1) < 1e-5 })
    let joined = zip(
      golden.predictions.flatMap(choice.applied), golden.truths.flatMap { $0 })
    let score = DimensionScore(joined.map { (prediction: $0, truth: $1) }).concordance
    let best = try #require(golden.scores.last)
    #expect(isClose(score, best))
  }

  @Test("nothing is done to predictions that it would make worse")
  func perfectPredictions() throws {
    let golden = try expected()
    let choice = section.choice(predictions: golden.truths, truths: golden.truths)
    #expect(choice == PostProcessing())
    #expect(choice.summary == "as predicted")
  }

  @Test("predictions that never change are not scaled")
  func constantPredictions() {
    var section = PostProcessingSection()
    section.medianSeconds = []
    section.shiftSeconds = []
    let choice = section.choice(
      predictions: [[0.5, 0.5, 0.5]], truths: [[0, 0.1, 0.2]])
    #expect(choice.factor == 1)
    #expect(choice.offset.isFinite && choice.pivot.isFinite)
  }

  @Test("a run's file keeps the choice of each evaluation")
  func choiceFile() throws {
    let folder = try TemporaryFolder()
    let file = PostProcessingFile(path: "\(folder.path)/postprocessing.json")
    #expect(try file.choice(step: 4) == nil)
    var choice = AffectPostProcessing()
    choice.arousal.offset = 0.1
    choice.arousal.medianFrames = 15
    try file.add(AffectPostProcessing(), step: 4)
    try file.add(choice, step: 8)
    #expect(try file.choice(step: 4) == AffectPostProcessing())
    #expect(try file.choice(step: 8) == choice)
    _ = try folder.write("{", to: "postprocessing.json")
    #expect(throws: TrainerError.self) { try file.choice(step: 8) }
  }

  // MARK: - Delay

  @Test("features learn the annotation that follows them, and predictions go back to it")
  func delay() {
    let labels = (0..<5).map { SIMD2(Float($0), 10 + Float($0)) }
    let delay = AnnotationDelay(valence: 0.04, arousal: 0.12)
    #expect(delay.frames == [1, 3])
    let targets = delay.targets(of: labels)
    #expect(targets.map(\.x).prefix(4) == [1, 2, 3, 4])
    #expect(targets[4].x.isNaN)
    #expect(targets.map(\.y).prefix(2) == [13, 14])
    #expect(targets.dropFirst(2).allSatisfy { $0.y.isNaN })
    // Whoever predicts its targets predicts the annotations, but for the first frames.
    let predicted = delay.aligned(targets)
    #expect(predicted.map(\.x) == [1, 1, 2, 3, 4])
    #expect(predicted.map(\.y) == [13, 13, 13, 13, 14])
    #expect(AnnotationDelay().targets(of: labels) == labels)
    #expect(AnnotationDelay().aligned(labels) == labels)
  }

  @Test("a delay longer than the recording leaves nothing to learn, and nothing breaks")
  func delayBeyondEnd() {
    let delay = AnnotationDelay(valence: 10, arousal: 10)
    let labels = [SIMD2<Float>(1, 2), SIMD2(3, 4)]
    #expect(delay.targets(of: labels).allSatisfy { $0.x.isNaN && $0.y.isNaN })
    #expect(delay.aligned(labels) == [SIMD2(1, 2), SIMD2(1, 2)])
  }

  // MARK: - Windows

  @Test(
    "windows cover every frame, and the last one ends with its recording",
    arguments: [
      (10, 4, 2, [0, 2, 4, 6]), (11, 4, 2, [0, 2, 4, 6, 7]), (4, 4, 0, [0]), (3, 4, 1, [0]),
      (9, 4, 0, [0, 4, 5]),
    ])
  func windows(count: Int, length: Int, overlap: Int, starts: [Int]) {
    let windows = FusionWindow.windows(of: [count], length: length, overlap: overlap)
    #expect(windows.map(\.frames.lowerBound) == starts)
    #expect(windows.allSatisfy { $0.frames.count == min(length, count) })
    #expect(Set(windows.flatMap(\.frames)) == Set(0..<count))
  }

  @Test("overlapping predictions are averaged, padding is left out")
  func average() {
    let windows = FusionWindow.windows(of: [5, 2], length: 4, overlap: 2)
    #expect(windows.map(\.recording) == [0, 0, 1])
    var average = WindowAverage(frameCounts: [5, 2])
    for (number, window) in windows.enumerated() {
      let value = Float(number + 1)
      average.add(window, Array(repeating: value, count: 8)[...])
    }
    #expect(average.means[0].map(\.x) == [1, 1.5, 1.5, 1.5, 2])
    #expect(average.means[1].map(\.y) == [3, 3])
  }
}
