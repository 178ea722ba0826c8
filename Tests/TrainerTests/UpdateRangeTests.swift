import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

@Suite("Rules of parameters")
struct UpdateRangeTests {
  private func loaded(
    _ overrides: [String]
  ) throws -> LoadedConfiguration<TeacherConfiguration> {
    let folder = try TemporaryFolder()
    return try TeacherConfiguration.load(
      file: try folder.write("data:\n  root: /faces\n", to: "run.yaml"), overrides: overrides)
  }

  private func store(
    _ name: ModelName, freezing isFrozen: (String) -> Bool = { _ in false }
  ) throws -> ParameterStore {
    var graph = try ModelDescription(name: name, classes: 8, imageSize: 64).network().graph
    graph.freeze(where: isFrozen)
    return try ParameterStore(inferenceFor: graph)
  }

  /// Three parameters of ten elements, with padding between them.
  private func padded(_ value: (Int) -> Float) -> [Float] {
    (0..<48).map { $0 % 16 < 10 ? value($0) : 0 }
  }

  /// The factor of each parameter, by its name.
  private func factors(_ name: ModelName, _ overrides: [String]) throws -> [String: Double?] {
    let loaded = try loaded(overrides + ["model.name=\(name.rawValue)"])
    let store = try store(name, freezing: loaded.values.optimizer.freezes)
    let ranges = try loaded.updateRanges(of: store)
    #expect(ranges.map(\.elements) == store.parameters.map(\.range))
    #expect(ranges.map(\.decays) == store.parameters.map(\.decays))
    return Dictionary(
      uniqueKeysWithValues: zip(store.parameters.map(\.name), ranges.map(\.rateFactor)))
  }

  @Test("the depth of a parameter is that of its block, from the heads back to the input")
  func layerDecay() throws {
    let decay = ["optimizer.layer_decay=0.5", "optimizer.backbone_factor=0.25"]
    let resnet = try factors(.resnet18, decay)
    #expect(resnet["fc.weight"] == 1)
    #expect(resnet["layer4.1.bn2.bias"] == 0.125)
    #expect(resnet["layer4.0.downsample.0.weight"] == 0.0625)
    #expect(resnet["layer1.0.conv1.weight"] == 0.25 * pow(0.5, 8))
    #expect(resnet["conv1.weight"] == 0.25 * pow(0.5, 9))
    #expect(resnet["bn1.weight"] == 0.25 * pow(0.5, 9))
    let densenet = try factors(.densenet121, decay)
    #expect(densenet["classifier.bias"] == 1)
    #expect(densenet["features.norm5.weight"] == 0.125)
    #expect(densenet["features.denseblock4.denselayer1.conv1.weight"] == 0.125)
    #expect(densenet["features.transition3.conv.weight"] == 0.0625)
    #expect(densenet["features.norm0.bias"] == 0.25 * pow(0.5, 8))
    let efficientnet = try factors(.efficientnet_b0, decay)
    #expect(efficientnet["classifier.1.weight"] == 1)
    #expect(efficientnet["features.8.0.weight"] == 0.125)
    #expect(efficientnet["features.0.0.weight"] == 0.25 * pow(0.5, 9))
  }

  @Test("backbones of a fusion network are counted each by itself")
  func layerDecayOfTwoBackbones() throws {
    let folder = try TemporaryFolder()
    let loaded = try FusionConfiguration.load(
      file: try folder.write(
        "stage: fusion\ndata: {root: /recola}\n"
          + "fusion: {visual: eyes, audio: ears, fine_tune: both}\n", to: "run.yaml"),
      overrides: ["optimizer.layer_decay=0.5", "optimizer.backbone_factor=0.25"])
    let network = FusionDescription(
      visualFeatures: 513, audioFeatures: 129,
      visualBackbone: ModelDescription(name: .resnet18, classes: 8, imageSize: 32),
      audioBackbone: AudioNetwork(backbone: .vggish, classes: nil), frames: 2, width: 4,
      recurrent: RecurrentDescription(cell: .gru, hidden: 3))
    let store = try ParameterStore(inferenceFor: network.network().graph)
    let ranges = try loaded.updateRanges(of: store)
    let factors = Dictionary(
      uniqueKeysWithValues: zip(store.parameters.map(\.name), ranges.map(\.rateFactor)))
    #expect(factors["recurrent.weight_ih_l0"] == 1 && factors["audio.norm.bias"] == 1)
    #expect(factors["visual.backbone.layer4.1.conv2.weight"] == 0.125)
    #expect(factors["visual.backbone.conv1.weight"] == 0.25 * pow(0.5, 9))
    #expect(factors["visual.backbone.bn1.weight"] == .some(nil))
    #expect(factors["audio.backbone.embeddings.4.bias"] == 0.125)
    #expect(factors["audio.backbone.features.0.weight"] == 0.25 * pow(0.5, 9))
  }

  @Test("what is frozen has no rate, by whole parts of names; all else has the rate itself")
  func freezing() throws {
    let factors = try factors(.resnet18, ["optimizer.freeze=[conv1, layer1.0, fc.bias]"])
    let frozen = factors.filter { $0.value == nil }.map(\.key)
    #expect(
      Set(frozen.map { $0.split(separator: ".").prefix(2).joined(separator: ".") })
        == ["conv1.weight", "layer1.0", "fc.bias"])
    #expect(factors.values.allSatisfy { $0 == nil || $0 == 1 })
  }

  @Test("parts that the model does not have, and all of it, are refused")
  func refusals() throws {
    func message(_ freeze: String) throws -> String {
      do {
        let loaded = try loaded(["optimizer.freeze=\(freeze)"])
        let store = try store(.resnet18, freezing: loaded.values.optimizer.freezes)
        try loaded.requireParts(
          loaded.values.optimizer.freeze, of: store.parameters.map(\.name))
        _ = try loaded.updateRanges(of: store)
        return ""
      } catch TrainerError.configuration(let mistakes) {
        return mistakes.map { "\($0)" }.joined()
      }
    }
    #expect(try message("[layer]").contains("'layer' is no part of the model; did you mean"))
    let all = "[conv1, bn1, layer1, layer2, layer3, layer4, fc]"
    #expect(try message(all).contains("leaves no parameter that could be trained"))
    #expect(try message("[layer1]") == "")
  }

  @Test("norms are told of the gradients that there are")
  func gradientNorms() throws {
    try Engine.configure(threads: 1)
    var network = try ModelDescription(name: .resnet18, classes: 8, imageSize: 32).network()
    try network.addClassificationLoss()
    network.graph.freeze { !$0.hasPrefix("fc") }
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 2, precision: .f32, gradientSlots: 1)
    let norms = ModelSummaries.gradientNorms(
      in: plan.slot(0), of: plan.parameters, microBatches: 1)
    #expect(norms.map(\.tag) == ["gradient_norms/fc.weight"])
    let merged = UpdateRange.merging(UpdateRange.each(of: plan.parameters.parameters))
    #expect(merged.filter { $0.rateFactor != nil }.map(\.elements.count).reduce(0, +) == 8 * 513)
  }

  @Test(
    "frozen parameters keep their bits, others learn at their own rates",
    arguments: ["sgd", "adamw", "lars", "lamb"])
  func updates(name: String) throws {
    let section = try loaded(["optimizer.name=\(name)"]).values.optimizer
    let start = padded { Float($0) / 7 - 2 }
    func updated(_ factors: [Double?], rate: Double) -> [Float] {
      let ranges = factors.enumerated().map { index, factor in
        UpdateRange(elements: 16 * index..<16 * index + 10, decays: true, rateFactor: factor)
      }
      let optimizer = section.makeOptimizer(count: 48, ranges)
      var weights = start
      let gradients = padded { Float($0 % 5) - 1.5 }
      for step in 1...3 {
        weights.withUnsafeMutableBufferPointer { weights in
          gradients.withUnsafeBufferPointer {
            optimizer.update(
              weights, gradients: $0, gradientScale: 0.5, learningRate: rate, step: step)
          }
        }
      }
      return weights
    }
    let mixed = updated([1, nil, 0.5], rate: 0.1)
    let whole = updated([1, 1, 1], rate: 0.1)
    let half = updated([1, 1, 1], rate: 0.05)
    #expect(mixed[0..<16] == whole[0..<16])
    #expect(mixed[16..<32] == start[16..<32])
    #expect(mixed[32..<48] == half[32..<48])
    #expect(whole[16..<26] != start[16..<26])
  }

  @Test(
    "weights that are updated part by part have the bits of those that are updated at once",
    arguments: ["sgd", "adamw", "lars", "lamb"])
  func parts(name: String) throws {
    let section = try loaded(["optimizer.name=\(name)"]).values.optimizer
    let ranges = (0..<6).map {
      UpdateRange(elements: 16 * $0..<16 * $0 + 10, decays: $0 % 2 == 0)
    }
    func updated(_ parts: [Range<Int>]) -> [UInt32] {
      let optimizer = section.makeOptimizer(count: 96, ranges)
      var weights = (0..<96).map { $0 % 16 < 10 ? Float($0) / 7 - 2 : 0 }
      let gradients = (0..<96).map { $0 % 16 < 10 ? Float($0 % 5) - 1.5 : 0 }
      for step in 1...3 {
        for part in parts {
          weights.withUnsafeMutableBufferPointer { weights in
            gradients.withUnsafeBufferPointer {
              optimizer.update(
                weights, gradients: $0, elements: part, gradientScale: 0.5, learningRate: 0.1,
                step: step)
            }
          }
        }
      }
      return weights.map(\.bitPattern)
    }
    let whole = updated([0..<96])
    #expect(updated([0..<16, 16..<64, 64..<96]) == whole)
    #expect(updated((0..<6).map { 16 * $0..<16 * $0 + 16 }) == whole)
    #expect(updated([0..<16]) != whole)
  }
}
