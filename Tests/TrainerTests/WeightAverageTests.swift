import Foundation
import TestSupport
import Testing

@testable import Nets
@testable import Trainer

@Suite("Moving average of the weights", .serialized)
struct WeightAverageTests {
  private func store(seed: UInt64) throws -> ParameterStore {
    let network = try ResNet(block: .basic, depths: [1], widths: [16])
      .network(classes: 8, imageSize: 32)
    let store = try ParameterStore(inferenceFor: network.graph)
    try store.initialize(seed: seed)
    return store
  }

  /// A model that every update changes.
  private func change(_ model: ParameterStore, step: Int) throws {
    try model.initialize(seed: UInt64(step))
  }

  private func floats(_ store: ParameterStore) throws -> [Float] {
    try store.modelTensors().filter { $0.type == .f32 }.flatMap { $0.floats() }
  }

  @Test("after the first update it is the model, then d · average + (1 − d) · model")
  func formula() throws {
    let model = try store(seed: 100)
    let average = try WeightAverage(of: model, decay: 0.9, warmsUp: false)
    var expected: [Float] = []
    for step in 1...4 {
      try change(model, step: step)
      average.update(step: step)
      let now = try floats(model)
      expected = step == 1 ? now : zip(expected, now).map { 0.9 * $0 + 0.1 * $1 }
      let comparison = Comparison(
        "step \(step)", try floats(average.parameters), expected,
        Tolerance(absolute: 1e-6, relative: 1e-6))
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test("the warm-up's decays are those of timm's ModelEmaV3")
  func warmUp() throws {
    let average = try WeightAverage(of: try store(seed: 1), decay: 0.99, warmsUp: true)
    // ModelEmaV3(model, decay=0.99, use_warmup=True).get_decay(step)
    let timm = [
      1: 0.0, 2: 0.37003947505256, 3: 0.51925014323, 10: 0.78455653099, 100: 0.95358411166,
      2000: 0.99,
    ]
    for (step, decay) in timm {
      #expect(abs(average.decay(step: step) - decay) < 1e-9, "\(step)")
    }
  }

  @Test("a run that goes on from a checkpoint has the same average, bit by bit")
  func resumed() throws {
    let folder = try TemporaryFolder()
    let model = try store(seed: 100)
    let (whole, before) = try (
      WeightAverage(of: model, decay: 0.9, warmsUp: true),
      WeightAverage(of: model, decay: 0.9, warmsUp: true)
    )
    let sgd = RuledOptimizer(
      SGD(momentum: 0.9, nesterov: true, weightDecay: 0), count: model.elementCount, tensors: [])
    for step in 1...3 {
      try change(model, step: step)
      whole.update(step: step)
      before.update(step: step)
    }
    let snapshot = ModelSnapshot(parameters: model, optimizer: sgd, average: before)
    let state = CheckpointState(
      step: 3, epoch: 1, isEvaluated: true, skippedSamples: [], microBatches: 1,
      engine: EngineIdentity(library: "", instructionSet: "", threads: 1), trainingData: "",
      configuration: [:])
    let checkpoints = CheckpointStore(folder: folder.path)
    try checkpoints.write(state, snapshot.image())
    try snapshot.replaceModel(at: "\(folder.path)/final.safetensors", step: 3)

    let elsewhere = try store(seed: 7)
    let after = try WeightAverage(of: elsewhere, decay: 0.9, warmsUp: true)
    try ModelSnapshot(parameters: elsewhere, optimizer: sgd, average: after)
      .load(CheckpointStore.load(checkpoints.path(step: 3)))
    #expect(try elsewhere.modelTensors() == model.modelTensors())
    try change(model, step: 4)
    try change(elsewhere, step: 4)
    let written = try Safetensors.read(path: "\(folder.path)/final.safetensors")
    #expect(try Set(written.map(\.name)) == Set(whole.parameters.modelTensors().map(\.name)))
    let weights = try #require(written.first { $0.name == "fc.weight" })
    #expect(try whole.parameters.modelTensors().contains(weights))
    whole.update(step: 4)
    after.update(step: 4)
    #expect(try whole.parameters.modelTensors() == after.parameters.modelTensors())
  }

  @Test("the model of a checkpoint is its average, where it has one")
  func checkpointsModel() throws {
    for decay in [0, 0.9] {
      let folder = try TemporaryFolder()
      let run = RunFolder(path: folder.path)
      let model = try store(seed: 100)
      let average =
        decay > 0 ? try WeightAverage(of: model, decay: decay, warmsUp: false) : nil
      for step in 1...2 {
        try change(model, step: step)
        average?.update(step: step)
      }
      let snapshot = ModelSnapshot(
        parameters: model,
        optimizer: RuledOptimizer(
          SGD(momentum: 0.9, nesterov: true, weightDecay: 0), count: model.elementCount, tensors: []
        ),
        average: average)
      let state = CheckpointState(
        step: 2, epoch: 1, isEvaluated: true, skippedSamples: [], microBatches: 1,
        engine: EngineIdentity(library: "", instructionSet: "", threads: 1), trainingData: "",
        configuration: [:])
      try DurableFiles.makeFolder(run.checkpoints)
      try CheckpointStore(folder: run.checkpoints).write(state, snapshot.image())
      let isModel = try snapshot.kept.modelTensors() == model.modelTensors()
      #expect(isModel == (decay == 0))
      for name in ["latest", "\(run.checkpoints)/step-00000002"] {
        let loaded = try store(seed: 7)
        try ModelSnapshot.loadModel(run.weights(named: name), into: loaded)
        #expect(try loaded.modelTensors() == snapshot.kept.modelTensors(), "\(name), \(decay)")
      }
    }
  }
}
