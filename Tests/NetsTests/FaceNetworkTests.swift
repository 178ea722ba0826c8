import TestSupport
import Testing

@testable import Nets

/// A training step of a face network with all heads, and of a student, against the same in PyTorch.
@Suite(.serialized) struct FaceNetworkTests {
  /// float32, of a whole network: as in `NetworkComparison`.
  static let tolerance = Tolerance(absolute: 2e-4, relative: 1e-4)

  let goldens: Goldens

  init() throws { goldens = try Goldens("faces") }

  private func golden(_ name: String) throws -> GoldenOperation {
    try #require(try GoldenOperation.all("faces", in: goldens).first { $0.name == name })
  }

  private func objective(_ golden: GoldenOperation) throws -> FaceObjective {
    let unlabeled = try golden.integer("unlabeled")
    return FaceObjective(
      faces: try golden.integer("faces"), unlabeled: unlabeled,
      triplets: try golden.integer("triplets"), expression: 0.9, labelSmoothing: 0.1,
      concordance: 0.5, squaredError: 0.3, triplet: 1.1,
      distillation: unlabeled == 0
        ? nil
        : FaceDistillation(classes: 0.7, temperature: 2.5, affect: 0.4, embedding: 0.6))
  }

  private func plan(_ golden: GoldenOperation) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let backbone = try ResNet(block: .basic, depths: [1, 1, 1, 1], widths: [8, 8, 16, 16])
      .network(classes: 8, imageSize: 32)
    let network = FaceNetwork(
      backbone: ModelDescription(name: .resnet18, classes: 8, imageSize: 32), hasAffect: true,
      embedding: ExpressionEmbedding(hidden: 10, dimensions: 6))
    let objective = try objective(golden)
    let plan = try TrainingPlan(
      graph: network.graph(of: backbone, trainedBy: objective), microBatch: objective.rows,
      precision: .f32, gradientSlots: 1)
    try plan.parameters.loadModel(
      goldens.tensors(under: "faces/\(golden.name)/weights"), file: "golden")
    try plan.refreshWeights()
    try fill(plan, golden)
    return plan
  }

  private func fill(_ plan: TrainingPlan, _ golden: GoldenOperation) throws {
    let names = [
      "images", "weights", "affect_targets", "affect_weights", "triplet_margins",
      "triplet_weights", "teacher_logits", "teacher_affect", "teacher_embedding",
      "teacher_weights",
    ]
    for name in names {
      guard var values = try golden.tensor(name)?.floats() else { continue }
      if name == "weights" { values = values.withMeanOne() }
      if name == "affect_weights" {
        values = values.withMeanOne(targets: try golden.floats("affect_targets"))
      }
      let input = try plan.floats(input: name)
      try #require(input.count == values.count, "\(name)")
      _ = input.update(fromContentsOf: values)
    }
    _ = try plan.integers(input: "labels")
      .update(fromContentsOf: golden.required("labels").integers().map(Int32.init))
  }

  @Test(arguments: ["teacher", "student"])
  func trainingStepMatchesPyTorch(name: String) throws {
    let golden = try golden(name)
    let plan = try plan(golden)
    try plan.run(slot: 0)
    let loss = plan.slot(0)[plan.slotLayout.sums.lowerBound]
    let comparison = Comparison("loss", [loss], try golden.floats("loss"), Self.tolerance)
    #expect(comparison.passes, "\(comparison)")
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "faces/\(name)/gradients")
    #expect(gradients.count == expected.count)
    for gradient in expected {
      let comparison = Comparison(
        try #require(gradients[gradient.name], "\(gradient.name)"), gradient, Self.tolerance)
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test func aTeacherIsReadOnlyWhereItTeaches() throws {
    var objective = try objective(golden("student"))
    objective.distillation = FaceDistillation(classes: 0, temperature: 1, embedding: 1)
    let network = FaceNetwork(
      backbone: ModelDescription(name: .resnet18, classes: 8, imageSize: 32),
      embedding: ExpressionEmbedding(hidden: 10, dimensions: 6))
    let inputs = try network.graph(trainedBy: objective).inputs.map(\.name)
    #expect(
      inputs.filter { $0.hasPrefix("teacher") } == ["teacher_weights", "teacher_embedding"])
  }
}
