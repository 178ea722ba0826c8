import CVectorKernels
import TestSupport
import Testing

/// The gradient of depthwise weights: every instruction set gives the same bits, every layout the
/// same values, and they are the plain sums.
@Suite struct DepthwiseKernelsTests {
  struct Size {
    var batch: Int
    var channels: Int
    var height: Int
    var width: Int
    var kernel: Int
    var stride: Int
    var padding: Int
  }

  static let sizes = [
    Size(batch: 2, channels: 21, height: 5, width: 7, kernel: 5, stride: 1, padding: 2),
    Size(batch: 1, channels: 16, height: 8, width: 6, kernel: 5, stride: 2, padding: 2),
    Size(batch: 3, channels: 37, height: 3, width: 2, kernel: 5, stride: 2, padding: 2),
    Size(batch: 1, channels: 8, height: 9, width: 8, kernel: 7, stride: 1, padding: 0),
    Size(batch: 2, channels: 5, height: 6, width: 5, kernel: 4, stride: 3, padding: 1),
    Size(batch: 1, channels: 18, height: 1, width: 1, kernel: 3, stride: 1, padding: 1),
  ]

  @Test(arguments: [aver_f32, aver_bf16])
  func gradientsAreThePlainSumsInEveryLayout(_ type: aver_element_type) {
    var generator = SeededGenerator(seed: propertySeed("depthwise kernels"))
    for size in Self.sizes {
      let channelsLast = convolution(size, block: size.channels, type)
      let input = TypedArray(
        random: size.batch * size.channels * size.height * size.width, type, &generator)
      let gradient = TypedArray(
        random: size.batch * size.channels * channelsLast.result_height
          * channelsLast.result_width, type, &generator)
      let expected = plainSums(channelsLast, input.floats, gradient.floats)
      for block in [size.channels, 16, 8] {
        let outcomes = self.outcomes(convolution(size, block: block, type), input, gradient)
        for outcome in outcomes { #expect(outcome == outcomes[0], "\(size) block \(block)") }
        for (actual, wanted) in zip(outcomes[0], expected) {
          #expect(abs(Double(actual) - wanted) < 1e-4, "\(size) block \(block)")
        }
      }
    }
  }

  private func convolution(_ size: Size, block: Int, _ type: aver_element_type)
    -> aver_depthwise_convolution
  {
    func length(_ input: Int) -> Int { (input + 2 * size.padding - size.kernel) / size.stride + 1 }
    return aver_depthwise_convolution(
      batch: size.batch, channels: size.channels, height: size.height, width: size.width,
      result_height: length(size.height), result_width: length(size.width),
      kernel: size.kernel, stride: size.stride, padding: size.padding, block: block, type: type)
  }

  /// What each instruction set computes, from arrays in NHWC that are brought into blocks first.
  private func outcomes(
    _ convolution: aver_depthwise_convolution, _ input: TypedArray, _ gradient: TypedArray
  ) -> [[Float]] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_depthwise_kernels_for($0)?.pointee }
      .map { kernels in
        let pixels = convolution.height * convolution.width
        let resultPixels = convolution.result_height * convolution.result_width
        let count = convolution.channels * convolution.kernel * convolution.kernel
        var result = [Float](repeating: .nan, count: count)
        var scratch = [Float](
          repeating: .nan, count: aver_depthwise_scratch_count(convolution))
        kernels.weights_gradient(
          &result, blocked(input, convolution, pixels).bytes,
          blocked(gradient, convolution, resultPixels).bytes, &scratch, convolution, 0,
          aver_depthwise_chunks(convolution))
        return result
      }
  }

  private func blocked(
    _ array: TypedArray, _ convolution: aver_depthwise_convolution, _ pixels: Int
  ) -> TypedArray {
    let (channels, block) = (convolution.channels, convolution.block)
    let blocks = (channels + block - 1) / block
    let values = array.floats
    var result = [Float](
      repeating: 0, count: convolution.batch * blocks * pixels * block)
    for index in values.indices {
      let (channel, pixel) = (index % channels, index / channels)
      let (sample, place) = (pixel / pixels, pixel % pixels)
      let plane = sample * blocks + channel / block
      result[(plane * pixels + place) * block + channel % block] = values[index]
    }
    return TypedArray(result, array.type)
  }

  private func plainSums(
    _ c: aver_depthwise_convolution, _ input: [Float], _ gradient: [Float]
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: c.channels * c.kernel * c.kernel)
    for index in gradient.indices {
      let (channel, pixel) = (index % c.channels, index / c.channels)
      let (w, row) = (pixel % c.result_width, pixel / c.result_width)
      let (h, n) = (row % c.result_height, row / c.result_height)
      for tap in 0..<c.kernel * c.kernel {
        let y = h * c.stride + tap / c.kernel - c.padding
        let x = w * c.stride + tap % c.kernel - c.padding
        guard (0..<c.height).contains(y), (0..<c.width).contains(x) else { continue }
        let value = input[((n * c.height + y) * c.width + x) * c.channels + channel]
        sums[channel * c.kernel * c.kernel + tap] += Double(gradient[index]) * Double(value)
      }
    }
    return sums
  }
}
