import Nets
import Testing

@Suite struct TensorTests {
  @Test func floatsSurviveTheRoundTrip() throws {
    let values: [Float] = [1.5, -0.0, .infinity, .leastNonzeroMagnitude, -3e38]
    let tensor = try Tensor(name: "t", shape: [5], floats: values)
    #expect(tensor.floats().map(\.bitPattern) == values.map(\.bitPattern))
    #expect(tensor.bytes[..<4] == [0, 0, 0xC0, 0x3F])
  }

  @Test func integersSurviveTheRoundTrip() throws {
    let tensor = try Tensor(name: "t", shape: [], integers: [-7])
    #expect(try tensor.integers() == [-7])
    #expect(tensor.elementCount == 1)
  }

  @Test func floatsAreNotReadAsIntegers() throws {
    let tensor = try Tensor(name: "t", shape: [1], floats: [1])
    #expect(throws: WeightsError(tensor: "t", .wrongType(.f32, wanted: "an integer type"))) {
      try tensor.integers()
    }
  }

  @Test func bfloat16RoundsToNearestTiesToEven() throws {
    // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷ and goes to the even 1; 1 + 3·2⁻⁸ goes to 1 + 2⁻⁶.
    let values: [Float] = [0x1.01p0, 0x1.03p0, 0x1.018p0, -.infinity, 0x1.FFFFFEp127]
    let rounded: [Float] = [1, 0x1.04p0, 0x1.02p0, -.infinity, .infinity]
    let tensor = try Tensor(name: "t", shape: [5], roundingToBFloat16: values)
    #expect(tensor.floats() == rounded)
    let notANumber = try Tensor(
      name: "t", shape: [1], roundingToBFloat16: [Float(bitPattern: 0x7FFF_FFFF)])
    #expect(notANumber.floats()[0].isNaN)
  }

  @Test(
    arguments: [
      (0x0000, 0.0), (0x0001, 0x1p-24), (0x03FF, 0x1.FF8p-15), (0x0400, 0x1p-14), (0x3C00, 1),
      (0xC000, -2), (0x7BFF, 65504), (0x7C00, Float.infinity), (0xFC00, -Float.infinity),
    ] as [(UInt16, Float)])
  func halfPrecisionIsReadExactly(bits: UInt16, value: Float) throws {
    let tensor = try Tensor(
      name: "t", type: .f16, shape: [1], bytes: [UInt8(bits & 0xFF), UInt8(bits >> 8)])
    #expect(tensor.floats() == [value])
  }

  @Test func aShapeThatDoesNotMatchTheBytesIsRefused() {
    #expect(throws: WeightsError.self) { try Tensor(name: "t", shape: [2, 2], floats: [1, 2, 3]) }
    #expect(throws: WeightsError.self) { try Tensor(name: "t", shape: [-1], floats: [1]) }
    #expect(throws: WeightsError(tensor: "t", .shapeOverflow([.max, 2]))) {
      try Tensor(name: "t", type: .f32, shape: [.max, 2], bytes: [])
    }
  }
}
