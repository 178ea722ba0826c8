import TestSupport
import Testing

@testable import Nets

/// What losses promise beyond single values: extremes, missing samples, and what they report.
@Suite(.serialized) struct LossPropertyTests {
  typealias AddLoss = @Sendable (inout Graph, ValueID, [String: ValueID]) throws -> Void

  private func floats(_ shape: [Int], _ values: [Float]) throws -> Tensor {
    try Tensor(name: "", shape: shape, floats: values)
  }

  private func random(_ shape: [Int], _ generator: inout SeededGenerator) throws -> Tensor {
    try floats(
      shape,
      (0..<shape.reduce(1, *)).map { _ in Float.random(in: -2...2, using: &generator) })
  }

  /// Each loss with names for all it reports.
  private static let losses: [(name: String, targets: [Int], weights: [Int], add: AddLoss)] = [
    (
      "distillation", [6, 4], [6],
      {
        try $0.distillation(
          student: $1, teacher: try #require($2["targets"]), weights: try #require($2["weights"]),
          name: "l", temperature: 2)
      }
    ),
    (
      "embedding distance", [6, 4], [6],
      {
        try $0.embeddingDistance(
          $1, targets: try #require($2["targets"]), weights: try #require($2["weights"]), name: "l")
      }
    ),
    (
      "triplet", [2], [2],
      {
        try $0.tripletLoss(
          $1, margins: try #require($2["targets"]), weights: try #require($2["weights"]), name: "l")
      }
    ),
    (
      "squared error", [6, 4], [6],
      {
        try $0.meanSquaredError(
          $1, targets: try #require($2["targets"]), weights: try #require($2["weights"]),
          name: "l", dimensions: ["a", "b", "c", "d"])
      }
    ),
    (
      "concordance", [6, 4], [6],
      {
        try $0.concordanceLoss(
          $1, targets: try #require($2["targets"]), weights: try #require($2["weights"]),
          name: "l", dimensions: ["a", "b", "c", "d"])
      }
    ),
  ]

  @Test(arguments: losses.indices)
  func samplesWithoutWeightGiveNoLossNoGradientAndNoSupport(_ index: Int) throws {
    let loss = Self.losses[index]
    var generator = SeededGenerator(seed: propertySeed(loss.name))
    let result = try LossHarness().run(
      prediction: random([6, 4], &generator),
      inputs: [
        "targets": random(loss.targets, &generator),
        "weights": floats(loss.weights, Array(repeating: 0, count: loss.weights[0])),
      ], addLoss: loss.add)
    #expect(result.gradient.allSatisfy { $0 == 0 }, "\(loss.name)")
    #expect(result.metrics["loss"] == 0)
    #expect(result.metrics.filter { $0.key != "loss" }.allSatisfy { $0.value.isNaN })
  }

  @Test(arguments: losses.indices)
  func aPredictionThatIsNotANumberIsNeverHidden(_ index: Int) throws {
    let loss = Self.losses[index]
    var generator = SeededGenerator(seed: propertySeed(loss.name))
    var values = try random([6, 4], &generator).floats()
    values[5] = .nan
    let result = try LossHarness().run(
      prediction: floats([6, 4], values),
      inputs: [
        "targets": random(loss.targets, &generator),
        "weights": floats(loss.weights, Array(repeating: 1, count: loss.weights[0])),
      ], addLoss: loss.add)
    #expect(try #require(result.metrics["loss"]).isNaN, "\(loss.name)")
  }

  @Test(arguments: losses.indices)
  func theScaleOfTheRunIsInTheGradientOnly(_ index: Int) throws {
    let loss = Self.losses[index]
    var generator = SeededGenerator(seed: propertySeed(loss.name))
    let prediction = try random([6, 4], &generator)
    let inputs = [
      // Large as margins, so that hinges are open.
      "targets": try floats(
        loss.targets, random(loss.targets, &generator).floats().map { $0 + 99 }),
      "weights": try floats(loss.weights, Array(repeating: 1, count: loss.weights[0])),
    ]
    let whole = try LossHarness().run(prediction: prediction, inputs: inputs, addLoss: loss.add)
    let half = try LossHarness().run(
      prediction: prediction, inputs: inputs, lossScale: 0.5, addLoss: loss.add)
    #expect(half.metrics == whole.metrics)
    #expect(half.gradient == whole.gradient.map { $0 / 2 })
    #expect(whole.gradient.contains { $0 != 0 })
  }

  @Test func equalLogitsHaveNoDivergenceAndNoGradient() throws {
    var generator = SeededGenerator(seed: propertySeed("equal logits"))
    let logits = try random([6, 4], &generator)
    let result = try LossHarness().run(
      prediction: logits, inputs: ["targets": logits, "weights": floats([6], [1, 2, 0, 1, 1, 3])],
      addLoss: Self.losses[0].add)
    #expect(result.metrics["loss"] == 0)
    #expect(result.gradient.allSatisfy { $0 == 0 })
  }

  @Test func identicalSequencesHaveAConcordanceOfOneAndOppositeOnesOfMinusOne() throws {
    var generator = SeededGenerator(seed: propertySeed("concordance"))
    let sequence = try random([6, 4], &generator).floats()
    let ones = try floats([6], [1, 1, 1, 1, 1, 1])
    let same = try LossHarness().run(
      prediction: floats([6, 4], sequence),
      inputs: ["targets": floats([6, 4], sequence), "weights": ones], addLoss: Self.losses[4].add)
    #expect(same.metrics["loss"] == 0)
    for name in ["a", "b", "c", "d"] { #expect(same.metrics[name] == 1) }
    // Frames and their mirror images: both means are 0.
    let half = sequence.prefix(12)
    let mirrored = half + half.map { -$0 }
    let opposite = try LossHarness().run(
      prediction: floats([6, 4], mirrored.map { -$0 }),
      inputs: ["targets": floats([6, 4], Array(mirrored)), "weights": ones],
      addLoss: Self.losses[4].add)
    #expect(abs(try #require(opposite.metrics["a"]) + 1) < 1e-6)
    #expect(abs(try #require(opposite.metrics["loss"]) - 2) < 1e-6)
  }

  @Test func concordanceNeedsTwoFramesThatDiffer() throws {
    // Dimension a has one frame, b two equal ones, c and d are whole.
    let targets: [Float] = [
      1, 2, 3, 4, .nan, 2, 4, 3, .nan, .nan, 2, 5, .nan, .nan, 7, 7, .nan, .nan, 1, 1, .nan, .nan,
      0, 3,
    ]
    var prediction = targets.map { $0.isNaN ? 0.5 : $0 }
    prediction[0] = -1
    let result = try LossHarness().run(
      prediction: floats([6, 4], prediction),
      inputs: [
        "targets": floats([6, 4], targets), "weights": floats([6], [1, 1, 1, 1, 1, 1]),
      ], addLoss: Self.losses[4].add)
    #expect(try #require(result.metrics["a"]).isNaN)
    #expect(try #require(result.metrics["b"]).isNaN)
    #expect(result.metrics["c"] == 1)
    #expect(result.metrics["loss"] == 0)
    #expect(result.gradient.allSatisfy { $0 == 0 })
  }

  @Test func errorsAreReportedForEachDimension() throws {
    let result = try LossHarness().run(
      prediction: floats([2, 2], [1, 5, 3, 7]),
      inputs: [
        "targets": floats([2, 2], [0, 3, .nan, 7]), "weights": floats([2], [1, 3]),
      ]
    ) {
      try $0.meanSquaredError(
        $1, targets: try #require($2["targets"]), weights: try #require($2["weights"]), name: "l",
        dimensions: ["valence_mse", "arousal_mse"])
    }
    #expect(result.metrics == ["loss": 1, "valence_mse": 1, "arousal_mse": 1])
    #expect(result.gradient == [0.4, 0.8, 0, 0])
  }

  @Test(
    "losses by rows: the mean over micro-batches is the weighted mean over all of their samples")
  func denominatorOfTheGlobalBatch() throws {
    let weights: [Float] = [0.25, 0.5, 0, 3.25]
    let logits: [Float] = [2, 1, 0, 1, 5, 0, 0.5, 1]
    func pairs(_ values: [Float], _ rows: Range<Int>) throws -> Tensor {
      try floats([rows.count, 2], Array(values[(2 * rows.lowerBound)..<(2 * rows.upperBound)]))
    }
    func crossEntropy(_ rows: Range<Int>, _ denominator: LossDenominator) throws
      -> LossHarness.Result
    {
      try LossHarness().run(
        prediction: pairs(logits, rows),
        inputs: [
          "labels": Tensor(name: "", shape: [rows.count], integers: Array([0, 1, 1, 0][rows])),
          "weights": floats([rows.count], Array(weights[rows])),
        ]
      ) {
        try $0.crossEntropy(
          $1, labels: try #require($2["labels"]), weights: try #require($2["weights"]), name: "l",
          labelSmoothing: 0.1, denominator: denominator)
      }
    }
    func squaredError(_ rows: Range<Int>, _ denominator: LossDenominator) throws
      -> LossHarness.Result
    {
      // Two of the eight are unknown; 4/3 for each known one.
      let targets: [Float] = [0, .nan, .nan, 2, 3, 1, 3, 0]
      return try LossHarness().run(
        prediction: pairs(logits, rows),
        inputs: [
          "targets": pairs(targets, rows),
          "weights": floats([rows.count], Array(repeating: 4 / 3, count: rows.count)),
        ]
      ) {
        try $0.meanSquaredError(
          $1, targets: try #require($2["targets"]), weights: try #require($2["weights"]), name: "l",
          denominator: denominator)
      }
    }
    for loss in [crossEntropy, squaredError] {
      let whole = try loss(0..<4, .weights)
      let parts = try [loss(0..<1, .rows), loss(1..<2, .rows), loss(2..<4, .rows)]
      // The last has two rows.
      let gradient = zip(parts, [0.25, 0.25, 0.5]).flatMap { part, share in
        part.gradient.map { $0 * Float(share) }
      }
      #expect(zip(gradient, whole.gradient).allSatisfy { abs($0 - $1) < 1e-6 })
      #expect(gradient.contains { abs($0) > 0.01 })
      let apart = try [loss(0..<2, .weights), loss(2..<4, .weights)]
      #expect(
        zip(apart.flatMap(\.gradient), whole.gradient).contains { abs($0 / 2 - $1) > 0.01 },
        "each by its own weights is another loss")
    }
  }

  @Test func accuracyCountsSamplesWithWeightAndLabels() throws {
    let result = try LossHarness().run(
      prediction: floats([4, 2], [2, 1, 0, 1, 5, 0, 0, 1]),
      inputs: [
        "labels": Tensor(name: "", shape: [4], integers: [0, 0, 0, -1]),
        "weights": floats([4], [0.5, 2, 0, 1]),
      ]
    ) {
      try $0.crossEntropy(
        $1, labels: try #require($2["labels"]), weights: try #require($2["weights"]), name: "l")
    }
    #expect(result.metrics["accuracy"] == 0.5)
    #expect(result.gradient[4...].allSatisfy { $0 == 0 })
  }

  @Test func tripletsAreRightWhereTheFirstTwoAreClosest() throws {
    let result = try LossHarness().run(
      prediction: floats([9, 1], [0, 1, 3, 0, 2, 1, 0, 5, 9]),
      inputs: ["margins": floats([3], [0.1, 0.2, 0]), "weights": floats([3], [1, 3, 0])]
    ) {
      try $0.tripletLoss(
        $1, margins: try #require($2["margins"]), weights: try #require($2["weights"]), name: "l")
    }
    #expect(result.metrics["triplet_accuracy"] == 0.5)
    // (3 · ((4 − 1 + 0.2) + (4 − 1 + 0.2))) / 4
    #expect(abs(try #require(result.metrics["loss"]) - 4.8) < 1e-6)
    #expect(result.gradient[..<3].allSatisfy { $0 == 0 })
  }

  @Test func targetsOfAnotherShapeAreRefused() throws {
    var generator = SeededGenerator(seed: 1)
    #expect {
      _ = try LossHarness().run(
        prediction: random([6, 4], &generator),
        inputs: ["targets": random([6, 5], &generator), "weights": random([6], &generator)],
        addLoss: Self.losses[0].add)
    } throws: { "\($0)".contains("layer l: needs teacher logits [4]") }
    #expect {
      _ = try LossHarness().run(
        prediction: random([8, 4], &generator),
        inputs: ["targets": random([8], &generator), "weights": random([8], &generator)],
        addLoss: Self.losses[2].add)
    } throws: { "\($0)".contains("one row for 3 samples") }
  }
}
