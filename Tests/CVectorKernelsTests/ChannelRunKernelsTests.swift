import CVectorKernels
import TestSupport
import Testing

/// An activation in NHWC with room between the pixels, as float32 or bfloat16.
private final class Activation {
  let images = 3
  let pixels = 70
  let channels: Int
  let type: aver_element_type
  private let room = 3
  private let memory: UnsafeMutableRawBufferPointer

  /// - Parameter shift: elements before the first.
  init(_ channels: Int, _ type: aver_element_type, shift: Int = 0, _ value: () -> Float) {
    self.channels = channels
    self.type = type
    let count = images * pixels * (channels + room)
    let array = TypedArray((0..<shift + count).map { _ in value() }, type)
    memory = .allocate(byteCount: array.bytes.count, alignment: 64)
    memory.copyBytes(from: array.bytes)
    offset = array.bytes.count / (shift + count) * shift
  }

  private let offset: Int

  deinit { memory.deallocate() }

  var extent: aver_extent { aver_extent(images: images, pixels: pixels, type: type) }

  var run: aver_channel_run {
    aver_channel_run(
      address: memory.baseAddress.map { $0 + offset },
      image_stride: pixels * (channels + room), pixel_stride: channels + room)
  }

  /// What lies there, with the room between the pixels.
  var floats: [Float] {
    var array = TypedArray(zeros: 0, type)
    array.bytes = Array(memory[offset...])
    return array.floats
  }

  func column(_ channel: Int) -> [Double] {
    let values = floats
    return (0..<images * pixels).map { Double(values[$0 * (channels + room) + channel]) }
  }
}

/// Kernels over runs of channels: what formulas in double give, nothing beside the run touched, and
/// the same bits under every instruction set and at every address.
@Suite struct ChannelRunKernelsTests {
  static let sets = [
    aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f,
  ]
  static let counts = [1, 5, 8, 16, 27, 40, 71]
  static let types = [aver_f32, aver_bf16]

  private static var variants: [aver_normalization_kernels] {
    sets.compactMap { aver_normalization_kernels_for($0)?.pointee }
  }

  @Test(arguments: counts, types)
  func momentsAreThoseOfDoubleArithmetic(_ count: Int, _ type: aver_element_type) {
    let seed = propertySeed("moments of \(count)")
    // A mean of a hundred deviations: sums of squares would cancel.
    let offset: Float = type == aver_f32 ? 200 : 2
    func source(shift: Int = 0) -> Activation {
      var random = SeededGenerator(seed: seed)
      return Activation(count, type, shift: shift) {
        Float.random(in: -2...3, using: &random) + offset
      }
    }
    let results = Self.variants.map { moments($0, source()) }
    #expect(!results.isEmpty)
    for result in results { #expect(bits(result) == bits(results[0])) }
    let original = source()
    for channel in 0..<count {
      let column = original.column(channel)
      let mean = column.reduce(0, +) / Double(column.count)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
      #expect(abs(Double(results[0][channel]) - mean) <= 1e-7 * abs(mean) + 1e-8)
      #expect(abs(Double(results[0][count + channel]) - variance) <= 1e-6 * variance)
    }
    let early = moments(Self.variants[0], Activation(count, type) { 1 })
    let late = moments(Self.variants[0], Activation(count, type, shift: 3) { 1 })
    #expect(bits(early) == bits(late))
  }

  /// Means, then variances.
  private func moments(_ kernels: aver_normalization_kernels, _ source: Activation) -> [Float] {
    var results = [Float](repeating: 0, count: 2 * source.channels)
    results.withUnsafeMutableBufferPointer { results in
      guard let base = results.baseAddress else { return }
      kernels.moments(source.extent, source.run, source.channels, base, base + source.channels)
    }
    return results
  }

  @Test(arguments: counts, types)
  func normalizationHasTheSameBitsEverywhere(_ count: Int, _ type: aver_element_type) {
    let seed = propertySeed("normalisation of \(count)")
    for activation in [aver_no_activation, aver_relu, aver_silu] {
      let results = [0, 5].flatMap { shift in
        Self.variants.map { kernels in
          normalize(kernels, count, type, activation, shift: shift, seed: seed)
        }
      }
      #expect(results.count >= 2)
      for result in results { #expect(bits(result) == bits(results[0])) }
    }
  }

  /// Output, input gradient added to what was there, gradients of scale and shift.
  private func normalize(
    _ kernels: aver_normalization_kernels, _ count: Int, _ type: aver_element_type,
    _ function: aver_activation, shift: Int, seed: UInt64
  ) -> [Float] {
    var random = SeededGenerator(seed: seed)
    func activation(_ range: ClosedRange<Float>) -> Activation {
      // What comes before the first element is not drawn.
      var before = shift
      return Activation(count, type, shift: shift) {
        before -= 1
        return before >= 0 ? 0 : Float.random(in: range, using: &random)
      }
    }
    let (source, gradient) = (activation(-2...3), activation(-1...1))
    let (output, inputGradient) = (activation(7...7), activation(1...2))
    let constantGradient = activation(1...2)
    var numbers =
      moments(kernels, source)
      + (0..<2 * count).map { _ in Float.random(in: 0...2, using: &random) }
    var parameters = [Float](repeating: 0, count: 2 * count)
    numbers.withUnsafeMutableBufferPointer { numbers in
      parameters.withUnsafeMutableBufferPointer { parameters in
        guard let base = numbers.baseAddress, let results = parameters.baseAddress else { return }
        let normalization = aver_normalization(
          mean: base, variance: base + count, scale: base + 2 * count, shift: base + 3 * count,
          epsilon: 1e-5, activation: function)
        kernels.normalize(source.extent, source.run, output.run, count, normalization)
        kernels.normalize_backward(
          source.extent, source.run, gradient.run, inputGradient.run, true, count, normalization,
          results, results + count)
        kernels.normalize_backward_constant(
          source.extent, source.run, gradient.run, constantGradient.run, true, count,
          normalization)
      }
    }
    let room = output.floats.indices.filter { $0 % (count + 3) >= count }
    #expect(room.allSatisfy { output.floats[$0] == 7 }, "beside the run")
    return output.floats + inputGradient.floats + constantGradient.floats + parameters
  }

  @Test(arguments: counts, types)
  func poolingToBinsHasTheSameBitsEverywhere(_ count: Int, _ type: aver_element_type) {
    let seed = propertySeed("bins of \(count)")
    let pooling = aver_pooling(
      images: 3, from_height: 10, from_width: 7, to_height: 4, to_width: 3, type: type)
    let results = Self.sets.compactMap { aver_pooling_kernels_for($0)?.pointee }.map { kernels in
      var random = SeededGenerator(seed: seed)
      let source = Activation(count, type) { Float.random(in: -2...3, using: &random) }
      let (result, gradient) = (Activation(count, type) { 0 }, Activation(count, type) { 0 })
      kernels.adaptive_average(pooling, source.run, result.run, count)
      kernels.adaptive_average_backward(pooling, result.run, gradient.run, count)
      return result.floats + gradient.floats
    }
    #expect(!results.isEmpty)
    for result in results { #expect(bits(result) == bits(results[0])) }
    #expect(results[0].contains { $0 != 0 })
  }

  @Test(arguments: counts, types)
  func clearingTouchesTheRunOnly(_ count: Int, _ type: aver_element_type) {
    for kernels in Self.variants {
      let activation = Activation(count, type) { 1 }
      kernels.clear(activation.extent, activation.run, count)
      for (index, value) in activation.floats.enumerated() {
        #expect(value == (index % (count + 3) < count ? 0 : 1))
      }
    }
  }
}
