import CVectorKernels
import TestSupport
import Testing

@testable import Nets

/// Kernels of single layers whose work threads share: the same bits for any number of them.
@Suite struct SharedLayerKernelsTests {
  static let types = [aver_f32, aver_bf16]

  struct Size {
    var batch: Int
    var channels: Int
    /// Height and width.
    var side: Int
  }

  /// More and fewer samples and channels than threads can share, and too little to share.
  static let sizes = [
    Size(batch: 2, channels: 71, side: 17), Size(batch: 5, channels: 40, side: 14),
    Size(batch: 3, channels: 8, side: 40), Size(batch: 1, channels: 37, side: 32),
    Size(batch: 2, channels: 5, side: 3),
  ]

  private func blocks(_ size: Size) -> [Int] { [size.channels, 16, 8] }

  /// Elements of an array whose channels are padded to whole blocks.
  private func count(_ size: Size, _ block: Int) -> Int {
    size.batch * ((size.channels + block - 1) / block) * block * size.side * size.side
  }

  @Test(arguments: sizes, types)
  func channelMultiplication(_ size: Size, _ type: aver_element_type) throws {
    var generator = SeededGenerator(seed: propertySeed("shared channel multiplication"))
    for block in blocks(size) {
      let array = aver_channel_array(
        batch: size.batch, channels: size.channels, pixels: size.side * size.side, block: block,
        type: type)
      let operands = (0..<2).map { _ in
        SharedArray(count(size, block), type, &generator)
      }
      let factors = SharedArray(size.batch * size.channels, type, &generator)
      try expectSameBits("multiplication in blocks of \(block)") {
        let results = operands.map(SharedArray.init(copying:)) + [SharedArray(copying: factors)]
        aver_multiply_channels(
          results[0].address, operands[0].address, factors.address, array)
        aver_multiply_channels_backward(
          results[1].address, results[2].address, operands[0].address, operands[1].address,
          factors.address, array)
        return results
      }
    }
  }

  @Test(arguments: sizes, types)
  func depthwiseWeightsGradient(_ size: Size, _ type: aver_element_type) throws {
    var generator = SeededGenerator(seed: propertySeed("shared depthwise gradient"))
    for block in blocks(size) {
      let convolution = aver_depthwise_convolution(
        batch: size.batch, channels: size.channels, height: size.side, width: size.side,
        result_height: size.side, result_width: size.side, kernel: 5, stride: 1, padding: 2,
        block: block, type: type)
      let operands = (0..<2).map { _ in
        SharedArray(count(size, block), type, &generator)
      }
      let weights = SharedArray(size.channels * 25, aver_f32, &generator)
      // Less memory than threads, too.
      for parts in [1, 2, 3] {
        let scratch = SharedArray(
          parts * aver_depthwise_scratch_count(convolution), aver_f32, &generator)
        try expectSameBits("depthwise gradient in blocks of \(block), memory of \(parts)") {
          let result = SharedArray(copying: weights)
          aver_depthwise_weights_gradient(
            result.floats, operands[0].address, operands[1].address, scratch.floats, parts,
            convolution)
          return [result]
        }
      }
    }
  }
}
