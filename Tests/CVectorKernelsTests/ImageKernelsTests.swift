import CVectorKernels
import CounterRandom
import Testing

/// Taps in the manner of a resize: every output takes some neighbouring inputs.
private struct Taps {
  private static let stride = 5
  var starts: [Int32] = []
  var counts: [Int32] = []
  var weights: [Float] = []
  var mirrored: Bool

  init(inputs: Int, outputs: Int, mirrored: Bool, from random: inout CounterRandom) {
    self.mirrored = mirrored
    for output in 0..<outputs {
      let start = output * inputs / outputs
      starts.append(Int32(start))
      counts.append(Int32(1 + random.integer(below: min(Self.stride, inputs - start))))
      weights += (0..<Self.stride).map { _ in random.uniform() }
    }
  }

  func with<Result>(_ body: (UnsafePointer<aver_taps>) -> Result) -> Result {
    starts.withUnsafeBufferPointer { starts in
      counts.withUnsafeBufferPointer { counts in
        weights.withUnsafeBufferPointer { weights in
          var taps = aver_taps(
            starts: starts.baseAddress, counts: counts.baseAddress, weights: weights.baseAddress,
            stride: Self.stride, outputs: self.starts.count, mirrored: mirrored,
            first: Int(self.starts[0]),
            end: zip(self.starts, self.counts).map { Int($0 + $1) }.max() ?? 0)
          return body(&taps)
        }
      }
    }
  }

  /// The inputs of an output with their weights.
  func inputs(_ output: Int) -> [(input: Int, weight: Float)] {
    let output = mirrored ? starts.count - 1 - output : output
    return (0..<Int(counts[output])).map {
      (Int(starts[output]) + $0, weights[output * Self.stride + $0])
    }
  }
}

@Suite struct ImageKernelsTests {
  private static var variants: [aver_image_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_image_kernels_for($0)?.pointee }
  }

  private static func resized(
    _ kernels: aver_image_kernels, _ bytes: [UInt8], width: Int, channels: Int, columns: Taps,
    rows: Taps
  ) -> [Float] {
    let planes = channels == 1 ? 1 : 3
    var output = [Float](
      repeating: -7, count: planes * rows.starts.count * columns.starts.count + 1)
    bytes.withUnsafeBufferPointer { bytes in
      var picture = aver_picture(bytes: bytes.baseAddress, width: width, channels: channels)
      columns.with { columns in
        rows.with { rows in
          var scratch = [Float](repeating: .nan, count: aver_resize_scratch(columns))
          kernels.resize(&output, &scratch, &picture, columns, rows, 0.25)
        }
      }
    }
    return output
  }

  @Test func resizesAreWeightedSumsWithTheSameBitsForEveryInstructionSet() {
    var random = CounterRandom(seed: 1, purpose: .crop)
    for (width, height, outputs) in [(1, 1, 3), (3, 2, 4), (9, 40, 8), (23, 17, 11), (90, 70, 37)] {
      for (channels, mirrored) in [(1, false), (4, true)] {
        let bytes = (0..<width * height * channels).map { _ in UInt8(random.integer(below: 256)) }
        let columns = Taps(inputs: width, outputs: outputs, mirrored: mirrored, from: &random)
        let rows = Taps(inputs: height, outputs: outputs, mirrored: false, from: &random)
        let results = Self.variants.map {
          Self.resized($0, bytes, width: width, channels: channels, columns: columns, rows: rows)
        }
        #expect(results.allSatisfy { $0 == results[0] }, "\(width)x\(height) to \(outputs)")
        #expect(results[0].last == -7)
        for index in 0..<(results[0].count - 1) {
          let (plane, pixel) = index.quotientAndRemainder(dividingBy: outputs * outputs)
          var sum: Float = 0
          for (x, across) in columns.inputs(pixel % outputs) {
            for (y, down) in rows.inputs(pixel / outputs) {
              sum += across * down * Float(bytes[(y * width + x) * channels + plane])
            }
          }
          #expect(abs(results[0][index] - 0.25 * sum) <= 1e-5 * max(1, sum))
        }
      }
    }
  }

  /// Changes, mean and every format of an image of `pixels` pixels.
  private static func written(
    _ kernels: aver_image_kernels, _ planes: [Float], channels: Int, pixels: Int
  ) -> (mean: UInt32, formats: [[UInt8]]) {
    let changes = [
      aver_colour_change(kind: aver_add_constant, factor: 1.2, added: -0.05),
      aver_colour_change(kind: aver_add_own_grey, factor: 0.6, added: 0.4),
    ]
    return planes.withUnsafeBufferPointer { planes in
      changes.withUnsafeBufferPointer { changes in
        var image = aver_colour_planes(
          planes: planes.baseAddress, channels: channels, pixels: pixels,
          changes: changes.baseAddress, change_count: changes.count)
        let formats = [(aver_f32, false), (aver_f32, true), (aver_bf16, false), (aver_bf16, true)]
        let outputs = formats.map { type, isPlanar in
          var format = aver_image_format(
            factors: (4, 3, 2), added: (-2, -1.5, 0.25), type: type, is_planar: isPlanar)
          let count = 3 * pixels * (type == aver_bf16 ? 2 : 4)
          var output = [UInt8](repeating: 0xAA, count: count + 8)
          kernels.write(&output, &image, &format)
          #expect(output[count...].allSatisfy { $0 == 0xAA })
          return Array(output.prefix(count))
        }
        return (kernels.mean_grey(&image).bitPattern, outputs)
      }
    }
  }

  @Test func formatsHoldTheSameColoursForEveryInstructionSet() {
    var random = CounterRandom(seed: 2, purpose: .crop)
    for pixels in Array(1...40) + [1023, 1025, 3001] {
      for channels in [1, 3] {
        let planes = (0..<channels * pixels).map { _ in random.uniform() }
        let results = Self.variants.map {
          Self.written($0, planes, channels: channels, pixels: pixels)
        }
        #expect(results.allSatisfy { $0 == results[0] }, "\(pixels) pixels")
        let floats = results[0].formats.prefix(2).map { bytes in
          bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        let halves = results[0].formats.suffix(2).map { bytes in
          bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
        }
        for index in 0..<3 * pixels {
          let planar = index % 3 * pixels + index / 3
          #expect(floats[0][index] == floats[1][planar] && halves[0][index] == halves[1][planar])
          let bits = floats[0][index].bitPattern
          #expect(halves[0][index] == UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16))
        }
      }
    }
  }

  @Test func theMeanGreyIsThatOfTheColours() {
    var random = CounterRandom(seed: 3, purpose: .crop)
    let planes = (0..<3 * 12544).map { _ in random.uniform() }
    var exact = 0.0
    for pixel in 0..<12544 {
      exact +=
        0.2989 * Double(planes[pixel]) + 0.587 * Double(planes[12544 + pixel])
        + 0.114 * Double(planes[2 * 12544 + pixel])
    }
    planes.withUnsafeBufferPointer { planes in
      var image = aver_colour_planes(
        planes: planes.baseAddress, channels: 3, pixels: 12544, changes: nil, change_count: 0)
      #expect(abs(Double(aver_mean_grey_f32(&image)) - exact / 12544) < 1e-7)
    }
  }
}
