import TestSupport
import Testing

@testable import Nets

/// Weights files that do not fit a model: the error names file and tensor, whichever tensor it is.
@Suite struct ModelWeightsTests {
  static let models = [
    "resnet-basic", "resnet-bottleneck", "densenet-narrow", "efficientnet-narrow", "vggish-narrow",
  ]

  @Test(arguments: models)
  func everyTensorIsMissed(model: String) throws {
    try expectRefusal(of: model) { tensor in
      // Files older than PyTorch 0.4.1 do not count batches.
      tensor.name.hasSuffix(".num_batches_tracked") ? nil : []
    }
  }

  @Test(arguments: models)
  func everyShapeMustFit(model: String) throws {
    try expectRefusal(of: model) { tensor in
      [
        try Tensor(
          name: tensor.name, type: tensor.type, shape: tensor.shape + [1], bytes: tensor.bytes)
      ]
    }
  }

  @Test(arguments: models)
  func everyTypeMustFit(model: String) throws {
    try expectRefusal(of: model) { tensor in
      let count = tensor.elementCount
      return [
        tensor.type == .f32
          ? try Tensor(name: tensor.name, shape: tensor.shape, integers: Array(0..<count))
          : try Tensor(name: tensor.name, shape: tensor.shape, floats: [1])
      ]
    }
  }

  @Test(arguments: models)
  func aLayerThatTheModelDoesNotHaveIsRefused(model: String) throws {
    let store = try store(model)
    let unknown = try Tensor(name: "layer9.conv.weight", shape: [1], floats: [0])
    try expectRefusal(of: store.modelTensors() + [unknown], by: store, naming: unknown.name)
  }

  /// Counting on from the largest integer would be a trap.
  @Test(arguments: [Int.min, -1, 1 << 53, .max])
  func aNumberOfBatchesThatIsNoneIsRefused(count: Int) throws {
    let store = try store("resnet-basic")
    let name = "bn1.num_batches_tracked"
    let tensors = try store.modelTensors().map {
      $0.name == name ? try Tensor(name: name, shape: [], integers: [count]) : $0
    }
    try expectRefusal(of: tensors, by: store, naming: name)
  }

  private func store(_ model: String) throws -> ParameterStore {
    try ParameterStore(inferenceFor: GoldenStep.network(Goldens(model)).graph)
  }

  /// Puts what `change` makes of it in the place of each tensor in turn; nil leaves one out of this.
  private func expectRefusal(of model: String, _ change: (Tensor) throws -> [Tensor]?) throws {
    let store = try store(model)
    let tensors = try store.modelTensors()
    var tried = 0
    for (index, tensor) in tensors.enumerated() {
      guard let replacement = try change(tensor) else { continue }
      tried += 1
      try expectRefusal(
        of: tensors[..<index] + replacement + tensors[(index + 1)...], by: store,
        naming: tensor.name)
    }
    #expect(tried > tensors.count / 2)
  }

  private func expectRefusal(
    of tensors: some Sequence<Tensor>, by store: ParameterStore, naming name: String
  ) throws {
    #expect {
      try store.loadModel(Array(tensors), file: "weights.safetensors")
    } throws: { error in
      error is NetsError && "\(error)".hasPrefix("weights.safetensors: tensor '\(name)' ")
    }
  }
}
