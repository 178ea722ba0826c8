import CVectorKernels
import TestSupport
import Testing

@testable import Nets

/// Kernels over channels whose work threads share: the same bits for any number of them.
@Suite struct SharedChannelKernelsTests {
  struct Size: CustomTestStringConvertible {
    var images: Int
    var pixels: Int
    /// Of each piece, an array of its own.
    var pieces: [Int]

    var channels: Int { pieces.reduce(0, +) }
    var testDescription: String { "\(images) images, \(pixels) pixels, \(pieces) channels" }
  }

  /// More and fewer images than threads, more and fewer channels.
  static let sizes = [
    Size(images: 5, pixels: 150, pieces: [71]),
    Size(images: 1, pixels: 700, pieces: [20, 5, 62]),
    Size(images: 2, pixels: 500, pieces: [16, 32, 8]),
    Size(images: 1, pixels: 4200, pieces: [8]),
    Size(images: 3, pixels: 1000, pieces: [24]),
    Size(images: 2, pixels: 3, pieces: [5]),
  ]
  static let types = [aver_f32, aver_bf16]

  /// The arrays of a size, NHWC: the pieces of the source, each its own, and whole ones.
  private struct Arrays {
    let size: Size
    let type: aver_element_type
    let sources: [SharedArray]
    let whole: SharedArray
    let numbers: [SharedArray]

    init(_ size: Size, _ type: aver_element_type) {
      var generator = SeededGenerator(seed: propertySeed("shared channel kernels"))
      self.size = size
      self.type = type
      let (rows, channels) = (size.images * size.pixels, size.channels)
      sources = size.pieces.map { SharedArray(rows * $0, type, &generator) }
      whole = SharedArray(rows * channels, type, &generator)
      numbers = (0..<4).map { _ in SharedArray(channels, aver_f32, &generator) }
    }

    var extent: aver_extent {
      aver_extent(images: size.images, pixels: size.pixels, type: type)
    }

    func run(_ array: SharedArray, channels: Int, from channel: Int = 0) -> aver_channel_run {
      aver_channel_run(
        address: array.address.map { $0 + channel * (type == aver_f32 ? 4 : 2) },
        image_stride: size.pixels * channels, pixel_stride: channels)
    }

    /// A slice of each piece.
    ///
    /// - Parameters:
    ///   - whole: has all channels: the destination, or the gradient where there are `targets`.
    ///   - targets: like the sources.
    func slices(whole: SharedArray, targets: [SharedArray]? = nil, adds: Bool = false)
      -> [aver_channel_slice]
    {
      var first = 0
      return size.pieces.enumerated().map { index, count in
        defer { first += count }
        let all = run(whole, channels: size.channels, from: first)
        return aver_channel_slice(
          channel: first, channels: count, source: run(sources[index], channels: count),
          destination: targets.map { run($0[index], channels: count) } ?? all, gradient: all,
          adds: adds)
      }
    }

    func normalization(_ activation: aver_activation) -> aver_normalization {
      aver_normalization(
        mean: numbers[0].floats, variance: numbers[1].floats, scale: numbers[2].floats,
        shift: numbers[3].floats, epsilon: 1e-5, activation: activation)
    }
  }

  @Test(arguments: sizes, types)
  func moments(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    let slices = arrays.slices(whole: arrays.whole)
    try expectSameBits("moments") {
      let (mean, variance) = (
        SharedArray(copying: arrays.numbers[0]), SharedArray(copying: arrays.numbers[1])
      )
      aver_channel_moments(arrays.extent, slices, slices.count, mean.floats, variance.floats)
      return [mean, variance]
    }
  }

  @Test(arguments: sizes, types)
  func normalization(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    for activation in [aver_relu, aver_silu] {
      try expectSameBits("normalisation") {
        let result = SharedArray(copying: arrays.whole)
        let slices = arrays.slices(whole: result)
        aver_normalize_channels(
          arrays.extent, slices, slices.count, arrays.normalization(activation))
        return [result]
      }
    }
  }

  @Test(arguments: sizes, types)
  func normalizationBackward(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    for (activation, adds) in [(aver_relu, false), (aver_silu, false), (aver_silu, true)] {
      try expectSameBits("normalisation's gradients") {
        let targets = arrays.sources.map(SharedArray.init(copying:))
        let numbers = arrays.numbers.prefix(2).map(SharedArray.init(copying:))
        let slices = arrays.slices(whole: arrays.whole, targets: targets, adds: adds)
        aver_normalize_channels_backward(
          arrays.extent, slices, slices.count, arrays.normalization(activation),
          numbers[0].floats, numbers[1].floats)
        return targets + numbers
      }
    }
  }

  @Test(arguments: sizes, types)
  func normalizationBackwardByConstants(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    for (activation, adds) in [(aver_relu, false), (aver_silu, true)] {
      try expectSameBits("the gradient of a normalisation by constants") {
        let targets = arrays.sources.map(SharedArray.init(copying:))
        let slices = arrays.slices(whole: arrays.whole, targets: targets, adds: adds)
        aver_normalize_channels_backward_constant(
          arrays.extent, slices, slices.count, arrays.normalization(activation))
        return targets
      }
    }
  }

  /// The parameters' gradients alone, where a network's input needs none.
  @Test func normalizationBackwardWithoutSourceGradient() throws {
    let arrays = Arrays(Self.sizes[1], aver_f32)
    try expectSameBits("parameters' gradients") {
      let numbers = arrays.numbers.prefix(2).map(SharedArray.init(copying:))
      var slices = arrays.slices(whole: arrays.whole)
      for index in slices.indices { slices[index].destination = aver_channel_run() }
      aver_normalize_channels_backward(
        arrays.extent, slices, slices.count, arrays.normalization(aver_silu),
        numbers[0].floats, numbers[1].floats)
      return numbers
    }
  }

  @Test(arguments: sizes, types)
  func clearing(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    try expectSameBits("clearing") {
      let result = SharedArray(copying: arrays.whole)
      // All but the first channel.
      aver_clear_channels(
        arrays.extent, arrays.run(result, channels: size.channels, from: 1), size.channels - 1)
      return [result]
    }
  }

  @Test(arguments: sizes, types)
  func adaptivePooling(_ size: Size, _ type: aver_element_type) throws {
    let arrays = Arrays(size, type)
    let pooling = aver_pooling(
      images: size.images, from_height: 1, from_width: size.pixels, to_height: 1,
      to_width: size.pixels / 2 + 1, type: type)
    try expectSameBits("pooling") {
      let results = (0..<2).map { _ in SharedArray(copying: arrays.whole) }
      let slices = results.map { arrays.slices(whole: $0) }
      aver_adaptive_average(pooling, slices[0], slices[0].count)
      aver_adaptive_average_backward(pooling, slices[1], slices[1].count)
      return results
    }
  }
}
