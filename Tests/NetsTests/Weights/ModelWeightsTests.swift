import Foundation
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

  /// More than any memory, in a file of holes: the header is enough to refuse it.
  @Test func whatIsLargerThanTheModelIsNeverRead() throws {
    let store = try store("resnet-basic")
    let elements = 1 << 40
    let header =
      #"{"conv1.weight":{"dtype":"F32","shape":[\#(elements)],"#
      + #""data_offsets":[0,\#(4 * elements)]}}"#
    let start = WeightsFile.bytes(header)
    try WeightsFile.with(start) { path in
      #expect(truncate(path, off_t(start.count + 4 * elements)) == 0)
      try expectError(path, naming: "bn1.running_mean") {
        try store.loadModel(from: SafetensorsReader(path: $0))
      }
    }
  }

  /// Where a part of a model is kept, the rest is loaded and held to the model.
  @Test func keptParametersStay() throws {
    let (store, source) = (try store("resnet-basic"), try store("resnet-basic"))
    try store.initialize(seed: 1)
    try source.initialize(seed: 2)
    let before = try store.modelTensors()
    let kept = try #require(before.first { $0.name == "fc.weight" })
    try WeightsFile.with([]) { path in
      try Safetensors.write(source.modelTensors(), to: path)
      try store.loadModel(from: SafetensorsReader(path: path), keeping: [kept.name])
    }
    let expected = try source.modelTensors().map { $0.name == kept.name ? kept : $0 }
    #expect(try store.modelTensors() == expected)
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
    try expectError("weights.safetensors", naming: name) {
      try store.loadModel(Array(tensors), file: $0)
    }
    try WeightsFile.with([]) { path in
      try expectError(path, naming: name) {
        try Safetensors.write(Array(tensors), to: $0)
        try store.loadModel(from: SafetensorsReader(path: $0))
      }
    }
  }

  private func expectError(
    _ file: String, naming name: String, _ load: (String) throws -> Void
  ) throws {
    #expect {
      try load(file)
    } throws: { error in
      error is NetsError && "\(error)".hasPrefix("\(file): tensor \"\(name)\" ")
    }
  }
}
