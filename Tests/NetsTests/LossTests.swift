import TestSupport
import Testing

@testable import Nets

/// Every loss against PyTorch: its value, and the gradient of what it scores, elementwise.
@Suite(.serialized) struct LossTests {
  typealias Case = (name: String, attributes: [String: Double])

  let goldens: Goldens

  init() throws { goldens = try Goldens("losses") }

  /// Runs every case of `loss`.
  ///
  /// - Parameter inputs: names of what the loss reads besides the prediction.
  private func expectMatches(
    _ loss: String, inputs: [String], count: Int,
    addLoss: (inout Graph, ValueID, [String: ValueID], [String: Double]) throws -> Void
  ) throws {
    let cases = goldens.cases(of: loss)
    #expect(cases.count == count)
    for name in cases {
      let attributes = try goldens.attributes(loss, name)
      func tensor(_ part: String) throws -> Tensor { try goldens.tensor("\(loss)/\(name)/\(part)") }
      let others = Dictionary(uniqueKeysWithValues: try inputs.map { ($0, try tensor($0)) })
      func run(_ prediction: Tensor, _ precision: Precision) throws -> LossHarness.Result {
        try LossHarness(precision: precision).run(prediction: prediction, inputs: others) {
          try addLoss(&$0, $1, $2, attributes)
        }
      }
      let result = try run(tensor("prediction"), .f32)
      let tolerance = try #require(OperationTests.tolerances[.f32])
      for (part, actual) in [
        ("loss", [Float(try #require(result.metrics["loss"]))]), ("gradient", result.gradient),
      ] {
        let comparison = Comparison(
          "\(loss)/\(name)/\(part)", actual, try tensor(part).floats(), tolerance)
        #expect(comparison.passes, "\(comparison)")
      }
      guard Precision.computable.contains(.bf16) else { continue }
      // Losses compute alike in either precision: only what they score is rounded.
      var rounded = try tensor("prediction")
      rounded = try Tensor(
        name: "", shape: rounded.shape, floats: rounded.floats().map(\.roundedToBFloat16))
      let (half, whole) = (try run(rounded, .bf16), try run(rounded, .f32))
      #expect(half.gradient == whole.gradient)
      #expect(half.metrics["loss"] == whole.metrics["loss"])
    }
  }

  @Test func crossEntropyMatchesPyTorch() throws {
    try expectMatches("cross-entropy", inputs: ["labels", "weights"], count: 5) {
      let (labels, weights) = (try #require($2["labels"]), try #require($2["weights"]))
      try $0.crossEntropy(
        $1, labels: labels, weights: weights, name: "l",
        labelSmoothing: Float(try #require($3["smoothing"])))
    }
  }

  @Test func crossEntropyWithClassWeightsMatchesPyTorch() throws {
    try expectMatches("cross-entropy-classes", inputs: ["labels", "weights"], count: 2) {
      graph, logits, inputs, attributes in
      try graph.crossEntropy(
        logits, labels: try #require(inputs["labels"]), weights: try #require(inputs["weights"]),
        name: "l", labelSmoothing: 0.1,
        classWeights: try (0..<attributes.count).map {
          Float(try #require(attributes["weight\($0)"]))
        })
    }
  }

  @Test func crossEntropyOfMixedSamplesMatchesPyTorch() throws {
    let inputs = ["labels", "weights", "partner_labels", "partner_weights"]
    try expectMatches("cross-entropy-mixed", inputs: inputs, count: 2) {
      graph, logits, inputs, attributes in
      func input(_ name: String) throws -> ValueID { try #require(inputs[name]) }
      try graph.crossEntropy(
        logits, labels: input("labels"), weights: input("weights"),
        partners: (input("partner_labels"), input("partner_weights")), name: "l",
        labelSmoothing: Float(try #require(attributes["smoothing"])))
    }
  }

  @Test func distillationMatchesPyTorch() throws {
    try expectMatches("distillation", inputs: ["teacher", "weights"], count: 4) {
      let (teacher, weights) = (try #require($2["teacher"]), try #require($2["weights"]))
      try $0.distillation(
        student: $1, teacher: teacher, weights: weights, name: "l",
        temperature: Float(try #require($3["temperature"])))
    }
  }

  @Test(arguments: [EmbeddingDistance.squared, .cosine])
  func embeddingDistanceMatchesPyTorch(_ distance: EmbeddingDistance) throws {
    try expectMatches("embedding-\(distance)", inputs: ["targets", "weights"], count: 3) {
      graph, embeddings, inputs, _ in
      try graph.embeddingDistance(
        embeddings, targets: try #require(inputs["targets"]),
        weights: try #require(inputs["weights"]), name: "l", distance: distance)
    }
  }

  @Test func tripletLossMatchesPyTorch() throws {
    try expectMatches("triplet", inputs: ["margins", "weights"], count: 3) {
      graph, embeddings, inputs, _ in
      try graph.tripletLoss(
        embeddings, margins: try #require(inputs["margins"]),
        weights: try #require(inputs["weights"]), name: "l")
    }
  }

  @Test func meanSquaredErrorMatchesPyTorch() throws {
    try expectMatches("squared-error", inputs: ["targets", "weights"], count: 3) {
      graph, prediction, inputs, _ in
      try graph.meanSquaredError(
        prediction, targets: try #require(inputs["targets"]),
        weights: try #require(inputs["weights"]), name: "l")
    }
  }

  @Test func concordanceLossMatchesPyTorch() throws {
    try expectMatches("concordance", inputs: ["targets", "weights"], count: 4) {
      graph, prediction, inputs, _ in
      try graph.concordanceLoss(
        prediction, targets: try #require(inputs["targets"]),
        weights: try #require(inputs["weights"]), name: "l")
    }
  }
}

extension Float {
  /// The nearest number that bfloat16 has, ties to even.
  var roundedToBFloat16: Float {
    let isOdd = (bitPattern >> 16) & 1
    return Float(bitPattern: (bitPattern + 0x7FFF + isOdd) & 0xFFFF_0000)
  }
}
