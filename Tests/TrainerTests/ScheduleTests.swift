import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Learning-rate schedules")
struct ScheduleTests {
  /// What PyTorch computed; see `Goldens/generate.py`.
  private struct Goldens: Decodable {
    /// A loss after each step, null where it was not a number.
    var metrics: [Double?]
    var cosine: [Double]
    var step: [Double]
    var milestones: [Double]
    var warmup: [Double]
    var plateauMin: [Double]
    var plateauMax: [Double]
    var plateauThreshold: [Double]

    enum CodingKeys: String, CodingKey {
      case metrics, cosine, step, milestones, warmup
      case plateauMin = "plateau-min"
      case plateauMax = "plateau-max"
      case plateauThreshold = "plateau-threshold"
    }
  }

  private let goldens: Goldens

  init() throws {
    goldens = try JSONDecoder().decode(Goldens.self, from: try golden("schedules.json"))
  }

  private func expectSame(
    _ shape: LearningRateSchedule.Shape, warmup: Int = 0, _ expected: [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let schedule = LearningRateSchedule(shape: shape, peak: 0.4, warmupSteps: warmup)
    let rates = expected.indices.map { schedule.rate(step: $0) }
    #expect(
      zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)",
      sourceLocation: sourceLocation)
  }

  @Test("cosine, step, milestones and warm-up are PyTorch's schedulers")
  func shapes() {
    expectSame(.cosine(totalSteps: 40, finalFraction: 0.1), goldens.cosine)
    expectSame(.every(7, factor: 0.3), goldens.step)
    expectSame(.milestones([5, 12, 30], factor: 0.3), goldens.milestones)
    expectSame(.cosine(totalSteps: 40, finalFraction: 0.1), warmup: 8, goldens.warmup)
    expectSame(.constant, [0.4, 0.4, 0.4])
  }

  /// The rates of a training that is evaluated after each step.
  private func rates(_ metric: EvaluationMetric, sign: Double, threshold: Double) -> [Double] {
    let schedule = LearningRateSchedule(
      shape: .plateau(factor: 0.5, finalFraction: 0.1), peak: 0.4, warmupSteps: 0)
    let patience = Patience(metric: metric, evaluations: 2, threshold: threshold)
    var state = Patience.State()
    return goldens.metrics.enumerated().map { step, value in
      let rate = schedule.rate(step: step, reductions: state.exhausted)
      state = patience.state(state, after: sign * (value ?? .nan))
      return rate
    }
  }

  @Test("a plateau lowers the rate where PyTorch's ReduceLROnPlateau does")
  func plateau() {
    let loss = EvaluationMetric("loss", better: .smaller)
    let score = EvaluationMetric("score", better: .larger)
    for (rates, expected) in [
      (rates(loss, sign: 1, threshold: 0), goldens.plateauMin),
      (rates(score, sign: -1, threshold: 0), goldens.plateauMax),
      (rates(loss, sign: 1, threshold: 0.05), goldens.plateauThreshold),
    ] {
      #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
      #expect(Set(expected).count >= 3)
    }
  }

  private func loaded(
    _ overrides: [String]
  ) throws -> LoadedConfiguration<TeacherConfiguration> {
    let folder = try TemporaryFolder()
    return try TeacherConfiguration.load(
      file: try folder.write("data:\n  root: /faces\n", to: "run.yaml"), overrides: overrides)
  }

  @Test("epochs become steps, and milestones in the warm-up or out of order are refused")
  func intervals() throws {
    func shape(_ overrides: [String]) throws -> LearningRateSchedule.Shape {
      try loaded(["schedule.name=step"] + overrides)
        .learningRateSchedule(totalSteps: 100, stepsPerEpoch: 10).shape
    }
    #expect(try shape(["schedule.every=3 epochs"]) == .every(30, factor: 0.1))
    #expect(
      try shape(["schedule.milestones=[15 steps, 3 epochs]", "schedule.factor=0.5"])
        == .milestones([15, 30], factor: 0.5))
    for wrong in ["[3 epochs, 15 steps]", "[5 steps]", "[2 epochs, 20 steps]"] {
      #expect(throws: TrainerError.self, "\(wrong)") {
        try shape(["schedule.milestones=\(wrong)"])
      }
    }
  }

  @Test("the rate follows the global batch linearly, by its root, or not")
  func scaling() throws {
    func peak(_ scaling: String) throws -> Double {
      try loaded([
        "optimizer.scaling=\(scaling)", "optimizer.base_batch=256", "batch.global=1024",
        "optimizer.learning_rate=0.1",
      ]).values.peakLearningRate
    }
    #expect(try peak("none") == 0.1)
    #expect(try peak("linear") == 0.4)
    #expect(try peak("sqrt") == 0.2)
  }
}
