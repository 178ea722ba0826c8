import Foundation
import TestSupport
import Testing

@testable import Nets

/// What we store of a model that has trained loads in torchvision, every tensor and no other, and
/// gives our logits there; VGGish in a module with torchvggish's names.
///
/// `PYTHON` names a Python that has torchvision and safetensors; python3 where it is unset.
@Suite(.serialized) struct ExportTests {
  private static let python = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens/load_in_torchvision.py").path

  @Test(
    .enabled(
      if: try runPython([script, "--check"]).status == 0,
      "no torchvision and safetensors for Python: set PYTHON to one that has them"),
    arguments: ModelName.allCases)
  func storedModelsLoadInTorchvision(_ name: ModelName) throws {
    let folder = NSTemporaryDirectory() + "aver-export-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Engine.configure(threads: 1)
    let description = ModelDescription(name: name, classes: 8, imageSize: 64)
    try write(description, parameters: try trained(description), to: folder)
    let outcome = try Self.runPython([Self.script, folder])
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  /// Parameters after a step, whose running statistics are therefore those of no other layer.
  private func trained(_ description: ModelDescription) throws -> ParameterStore {
    var network = try description.network()
    try network.addClassificationLoss()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 4, precision: .f32, gradientSlots: 1)
    try plan.parameters.initialize(seed: 3)
    try plan.refreshWeights()
    let arrays = try ClassifierArrays(plan)
    fill(try plan.floats(input: description.name.input))
    arrays.labels.update(repeating: 1)
    arrays.weights.update(repeating: 1)
    try plan.run(slot: 0, lossScale: 1)
    GoldenStep.updateStatistics(of: plan)
    return plan.parameters
  }

  /// Writes the model, and beside it samples and the logits that we compute of them.
  private func write(
    _ description: ModelDescription, parameters: ParameterStore, to folder: String
  ) throws {
    let batch = 2
    let plan = try InferencePlan(
      graph: description.network().graph, batch: batch, precision: .f32, parameters: parameters)
    let input = description.name.input
    let samples = try plan.floats(input: input)
    fill(samples)
    try plan.run()
    let shape =
      description.name.isVisual
      ? [batch, description.imageSize, description.imageSize, 3]
      : [batch, 1, VGGish.frames, VGGish.bands]
    let path = "\(folder)/\(description.name.rawValue)"
    try Safetensors.write(parameters.modelTensors(), to: "\(path).safetensors")
    try Safetensors.write(
      [
        Tensor(name: input, shape: shape, floats: Array(samples)),
        Tensor(
          name: "logits", shape: [batch, description.classes],
          floats: Array(try plan.output("logits"))),
      ], to: "\(path)-logits.safetensors")
  }

  /// Something like noise, different in every place.
  private func fill(_ samples: UnsafeMutableBufferPointer<Float>) {
    for index in samples.indices { samples[index] = Float((index * 7919) % 1009) / 504 - 1 }
  }

  private static func runPython(
    _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
