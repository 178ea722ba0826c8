import TestSupport
import Testing

@testable import Nets

@Suite(.serialized) struct ParameterStoreTests {
  private func store() throws -> ParameterStore {
    var network = try ResNet(block: .basic, depths: [1], widths: [16])
      .network(classes: 8, imageSize: 32)
    try network.addClassificationLoss()
    return try TrainingPlan(
      graph: network.graph, microBatch: 2, precision: Precision.computable.last ?? .f32,
      gradientSlots: 1
    ).parameters
  }

  @Test func namesAndShapesAreTorchvisions() throws {
    let model = ModelDescription(name: .resnet18, classes: 1000, imageSize: 224)
    let tensors = try ParameterStore(inferenceFor: model).modelTensors()
    let shapes = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.shape) })
    #expect(shapes.count == 122)
    #expect(shapes["conv1.weight"] == [64, 3, 7, 7])
    #expect(shapes["layer2.0.downsample.0.weight"] == [128, 64, 1, 1])
    #expect(shapes["layer4.1.bn2.running_var"] == [512])
    #expect(shapes["layer4.1.bn2.num_batches_tracked"] == [])
    #expect(shapes["fc.weight"] == [1000, 512])
    #expect(
      tensors.filter { !$0.name.contains("running") && $0.type == .f32 }
        .reduce(0) { $0 + $1.elementCount } == 11_689_512)
  }

  @Test func resnet50HasTorchvisionsSize() throws {
    let model = ModelDescription(name: .resnet50, classes: 1000, imageSize: 224)
    let tensors = try ParameterStore(inferenceFor: model).modelTensors()
    #expect(tensors.count == 320)
    #expect(
      tensors.filter { !$0.name.contains("running") && $0.type == .f32 }
        .reduce(0) { $0 + $1.elementCount } == 25_557_032)
  }

  @Test func tensorsGoToTheFlatVectorAndBackUnchanged() throws {
    let store = try store()
    try store.initialize(seed: 3)
    let before = try store.modelTensors()
    let flat = Array(store.values)
    store.values.update(repeating: 0)
    try store.loadModel(before, file: "copy")
    #expect(try store.modelTensors() == before)
    #expect(Array(store.values) == flat)
  }

  @Test func aSecondStoreTakesOverAndFollowsWeightsAndStatistics() throws {
    let store = try store()
    try store.initialize(seed: 3)
    let batch = [Float](repeating: 2, count: store.statistics.count)
    batch.withUnsafeBufferPointer { store.updateRunningStatistics(from: $0, microBatch: 2) }
    let average = try ParameterStore(copying: store)
    #expect(try average.modelTensors() == store.modelTensors())
    #expect(average.parameters == store.parameters)

    let before = try average.modelTensors()
    try store.initialize(seed: 4)
    average.move(towards: store, by: 0.25)
    for (old, (new, target)) in zip(
      before, zip(try average.modelTensors(), try store.modelTensors()))
    where old.type == .f32 {
      let expected = zip(old.floats(), target.floats()).map { $0 + 0.25 * ($1 - $0) }
      let comparison = Comparison(
        old.name, new.floats(), expected, Tolerance(absolute: 1e-6, relative: 1e-6))
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test func initializationIsKaimingNormalAndAPureFunctionOfTheSeed() throws {
    let store = try store()
    try store.initialize(seed: 3)
    let first = Array(store.values)
    try store.initialize(seed: 4)
    #expect(Array(store.values) != first)
    try store.initialize(seed: 3)
    #expect(Array(store.values) == first)
    let weights = try #require(
      try store.modelTensors().first { $0.name == "layer1.0.conv1.weight" }
    ).floats()
    let variance = weights.reduce(0) { $0 + $1 * $1 } / Float(weights.count)
    #expect(abs(variance / (2 / Float(16 * 9)) - 1) < 0.1)
  }

  @Test func initialWeightsDoNotDependOnTheLayout() throws {
    let trained = try store()
    let rowMajor = try ParameterStore(inferenceFor: trained.graph)
    try trained.initialize(seed: 3)
    try rowMajor.initialize(seed: 3)
    #expect(try trained.modelTensors() == rowMajor.modelTensors())
  }

  @Test func missingUnknownAndMisshapenTensorsAreNamedWithTheFile() throws {
    let store = try store()
    let tensors = try store.modelTensors()
    let name = "layer1.0.conv2.weight"
    expectError(store, tensors.filter { $0.name != name }, names: name)
    expectError(
      store, tensors + [try Tensor(name: "layer9.weight", shape: [1], floats: [0])],
      names: "layer9.weight")
    let misshapen = try tensors.map { tensor in
      tensor.name == name
        ? try Tensor(name: name, shape: [16, 16, 9, 1], floats: tensor.floats()) : tensor
    }
    expectError(store, misshapen, names: name)
  }

  @Test(arguments: [("conv1.weight", Float.nan), ("bn1.running_var", -0.1)])
  func numbersThatNoModelHasAreNamedWithTheFile(name: String, number: Float) throws {
    let store = try store()
    let tensors = try store.modelTensors().map { tensor in
      var floats = tensor.floats()
      floats[floats.count - 1] = number
      return tensor.name == name
        ? try Tensor(name: name, shape: tensor.shape, floats: floats) : tensor
    }
    expectError(store, tensors, names: name)
  }

  private func expectError(_ store: ParameterStore, _ tensors: [Tensor], names name: String) {
    #expect {
      try store.loadModel(tensors, file: "weights.safetensors")
    } throws: { error in
      "\(error)".contains("weights.safetensors") && "\(error)".contains("\"\(name)\"")
    }
  }

  @Test func weightDecayLeavesNormsAndBiasesOut() throws {
    for parameter in try store().parameters {
      let isWeight = parameter.shape.count > 1
      #expect(parameter.decays == isWeight, "\(parameter.name)")
    }
  }
}
