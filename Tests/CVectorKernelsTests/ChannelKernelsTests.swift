import CVectorKernels
import TestSupport
import Testing

/// Kernels over channels: every instruction set gives the same bits, in every layout and type, and
/// what a plain loop gives.
@Suite struct ChannelKernelsTests {
  /// (batch, channels, pixels, block).
  static let sizes = [
    (2, 5, 7, 5), (2, 16, 9, 16), (3, 21, 4, 16), (1, 69, 5, 69), (2, 130, 3, 130), (2, 12, 5, 8),
  ]

  static var variants: [aver_channel_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_channel_kernels_for($0)?.pointee }
  }

  @Test(arguments: [aver_f32, aver_bf16])
  func everyInstructionSetGivesTheSameBits(_ type: aver_element_type) {
    var generator = SeededGenerator(seed: propertySeed("channel kernels"))
    for (batch, channels, pixels, block) in Self.sizes {
      let array = aver_channel_array(
        batch: batch, channels: channels, pixels: pixels, block: block, type: type)
      let count = batch * ((channels + block - 1) / block) * block * pixels
      let x = TypedArray(random: count, type, &generator)
      let gradient = TypedArray(random: count, type, &generator)
      let factors = TypedArray(random: batch * channels, type, &generator)
      let outcomes = Self.variants.map { kernels in
        var product = TypedArray(Array(repeating: 1, count: count), type)
        var inputGradient = product
        var factorsGradient = TypedArray(zeros: batch * channels, type)
        kernels.multiply(&product.bytes, x.bytes, factors.bytes, array)
        kernels.multiply_backward(
          &inputGradient.bytes, &factorsGradient.bytes, gradient.bytes, x.bytes, factors.bytes,
          array)
        return [product.floats, inputGradient.floats, factorsGradient.floats]
      }
      for outcome in outcomes { #expect(outcome == outcomes[0]) }
      #expect(
        outcomes[0][0] == expectedProduct(x.floats, factors.floats, array),
        "\(batch) \(channels) \(pixels) \(block)")
    }
  }

  /// The product, element by element; zero where channels pad a block.
  private func expectedProduct(
    _ x: [Float], _ factors: [Float], _ array: aver_channel_array
  ) -> [Float] {
    let blocks = (array.channels + array.block - 1) / array.block
    return x.indices.map { index in
      let (group, channelInBlock) = (index / (array.pixels * array.block), index % array.block)
      let channel = group % blocks * array.block + channelInBlock
      guard channel < array.channels else { return 0 }
      let product = x[index] * factors[group / blocks * array.channels + channel]
      return array.type == aver_f32 ? product : TypedArray.roundedToBFloat16(product)
    }
  }
}
