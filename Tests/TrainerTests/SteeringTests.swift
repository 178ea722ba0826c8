import Foundation
import Testing

@testable import Trainer

@Suite("What evaluations decide")
struct SteeringTests {
  private static let accuracy = EvaluationMetric("accuracy", better: .larger)
  private static let loss = EvaluationMetric("loss", better: .smaller)

  private func evaluation(
    accuracy: Double, loss: Double = 1, hasFiniteOutputs: Bool = true
  ) -> Evaluation {
    Evaluation(
      hasFiniteOutputs: hasFiniteOutputs,
      values: [("loss", .number(loss)), ("accuracy", .number(accuracy))], summary: "")
  }

  @Test("the best model is chosen by the metric and its direction; a tie keeps the earlier one")
  func best() {
    var (byAccuracy, byLoss) = (TrainingPosition(), TrainingPosition())
    let results = [(0.5, 2.0), (0.5, 1.5), (0.4, 1.0), (0.6, 1.0)].map { accuracy, loss in
      let evaluation = evaluation(accuracy: accuracy, loss: loss)
      return [
        byAccuracy.take(evaluation, EvaluationSteering(best: Self.accuracy), isWarmingUp: false),
        byLoss.take(evaluation, EvaluationSteering(best: Self.loss), isWarmingUp: false),
      ]
    }
    #expect(results == [[true, true], [false, true], [false, true], [true, false]])
    #expect(byAccuracy.best?.score == 0.6)
    #expect(byLoss.best?.score == 1)
  }

  @Test("outputs that are not finite are never the best, and count as not better")
  func notFinite() {
    let steering = EvaluationSteering(
      best: Self.accuracy,
      stopping: Patience(metric: Self.accuracy, evaluations: 0, threshold: 0))
    var position = TrainingPosition()
    let isBest = position.take(
      evaluation(accuracy: 0.9, hasFiniteOutputs: false), steering, isWarmingUp: false)
    #expect(!isBest)
    #expect(position.isStoppedEarly)
  }

  @Test("a training ends with the evaluation that patience runs out at, resumed or not")
  func earlyStopping() throws {
    let steering = EvaluationSteering(
      best: Self.accuracy,
      stopping: Patience(metric: Self.accuracy, evaluations: 2, threshold: 0.01))
    let accuracies = [0.3, 0.5, 0.505, 0.52, 0.4, 0.52, 0.5]
    for interruption in accuracies.indices {
      var position = TrainingPosition()
      var end: Int?
      for (index, accuracy) in accuracies.enumerated() where end == nil {
        if index == interruption {
          let bytes = try JSONEncoder().encode(position.stopping)
          position.stopping = try JSONDecoder().decode(Patience.State.self, from: bytes)
        }
        _ = position.take(evaluation(accuracy: accuracy), steering, isWarmingUp: false)
        if position.isStoppedEarly { end = index }
      }
      #expect(end == 6)
    }
  }

  @Test("a plateau does not wait while the rate still rises")
  func warmUp() {
    let steering = EvaluationSteering(
      best: Self.accuracy, plateau: Patience(metric: Self.loss, evaluations: 0, threshold: 0))
    var position = TrainingPosition()
    for isWarmingUp in [true, true, false, false] {
      _ = position.take(evaluation(accuracy: 0.5), steering, isWarmingUp: isWarmingUp)
    }
    #expect(position.plateau.exhausted == 1)
  }

  @Test("a checkpoint from before evaluations steered is read")
  func oldCheckpoint() throws {
    let json = """
      {"formatVersion": 2, "step": 3, "epoch": 0.5, "isEvaluated": true, "skippedSamples": [],
      "microBatches": 4, "engine": {"library": "kernels", "instructionSet": "wide", "threads": 1},
      "trainingData": "digest", "configuration": {}, "best": {"score": 0.5, "step": 2}}
      """
    let state = try JSONDecoder().decode(CheckpointState.self, from: Data(json.utf8))
    #expect(state.plateau == nil && state.stopping == nil)
  }
}
