import TestSupport
import Testing

@testable import Nets

/// Images in the format that the first kernel reads.
@Suite(.serialized) struct PixelFormatTests {
  private static let shape = [4, 3, 40, 32]

  /// Stem convolutions of the networks: 7 × 7, 3 × 3, and one whose kernel of ours reads blocks.
  @Test(arguments: Precision.computable, [7, 3])
  func trainingGivesTheSameBitsWithoutAReorder(_ precision: Precision, kernel: Int) throws {
    let plain = try training(precision, kernel: kernel, .plain)
    let direct = try training(precision, kernel: kernel, .asRead)
    #expect(direct.slot == plain.slot)
    #expect(plain.slot.contains { $0 != 0 })
    #expect(direct.reorders < plain.reorders || direct.format == .plain)
    #expect(direct.format != .plain || precision == .f32)
  }

  @Test(arguments: Precision.computable)
  func inferenceInSlicesGivesTheSameBits(_ precision: Precision) throws {
    try Engine.configure(threads: 1)
    let model = ModelDescription(name: .resnet18, classes: 8, imageSize: 32)
    let store = try ParameterStore(inferenceFor: model)
    try store.initialize(seed: 3)
    let logits = try [PixelFormat.Choice.plain, .asRead].map { choice in
      let plan = try InferencePlan(
        model: model, batch: 32, precision: precision, parameters: store, pixels: choice)
      fill(try plan.pixels(input: "images"), shape: [32, 3, 32, 32])
      try plan.run()
      return try plan.output("logits").map(\.bitPattern)
    }
    #expect(logits[0] == logits[1])
  }

  @Test func onlyPlainImagesAreFloats() throws {
    guard Precision.computable.contains(.bf16) else { return }
    let plan = try plan(.bf16, kernel: 7, .asRead)
    #expect(throws: NetsError.self) { try plan.floats(input: "images") }
    #expect(throws: NetsError.self) { try plan.pixels(input: "weights") }
  }

  private func plan(
    _ precision: Precision, kernel: Int, _ choice: PixelFormat.Choice
  ) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: Array(Self.shape.dropFirst()))
    let stem = try graph.convolution(
      images, name: "stem", channels: 24, kernel: kernel, stride: 2, padding: kernel / 2)
    let pooled = try graph.globalAveragePooling(
      graph.activation(stem, name: "relu", .relu), name: "pooling")
    let logits = try graph.linear(pooled, name: "head", features: 5)
    graph.output("logits", logits)
    try graph.crossEntropy(
      logits, labels: graph.input("labels", .integers, shape: []),
      weights: graph.input("weights", .floats, shape: []), name: "loss")
    return try TrainingPlan(
      graph: graph, microBatch: Self.shape[0], precision: precision, gradientSlots: 1,
      pixels: choice)
  }

  private func training(
    _ precision: Precision, kernel: Int, _ choice: PixelFormat.Choice
  ) throws -> (slot: [UInt32], reorders: Int, format: PixelFormat) {
    let plan = try plan(precision, kernel: kernel, choice)
    try plan.parameters.initialize(seed: 5)
    try plan.refreshWeights()
    let images = try plan.pixels(input: "images")
    fill(images, shape: Self.shape)
    let arrays = try ClassifierArrays(plan)
    for sample in 0..<Self.shape[0] {
      arrays.labels[sample] = Int32(sample)
      arrays.weights[sample] = 1
    }
    try plan.run(slot: 0)
    return (plan.slot(0).map(\.bitPattern), plan.reorderCount, images.format)
  }

  /// The same images in every format.
  private func fill(_ array: PixelArray, shape: [Int]) {
    let (channels, pixels) = (shape[1], shape[2] * shape[3])
    for sample in 0..<shape[0] {
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          let element = (sample * channels + channel) * pixels + pixel
          let value = Float((element * 7919) % 1009) / 504 - 1
          let place =
            array.format.isChannelsLast
            ? (sample * pixels + pixel) * channels + channel : element
          if array.format.isBFloat16 {
            let rounded = UInt16(value.roundedToBFloat16.bitPattern >> 16)
            array.bytes.storeBytes(of: rounded, toByteOffset: 2 * place, as: UInt16.self)
          } else {
            array.bytes.storeBytes(of: value, toByteOffset: 4 * place, as: Float.self)
          }
        }
      }
    }
  }
}
