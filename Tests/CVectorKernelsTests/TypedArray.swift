import CVectorKernels
import TestSupport

/// An array of float32 or bfloat16, as kernels take it.
struct TypedArray {
  let type: aver_element_type
  var bytes: [UInt8]

  init(zeros count: Int, _ type: aver_element_type) {
    self.type = type
    bytes = Array(repeating: 0, count: count * (type == aver_f32 ? 4 : 2))
  }

  init(_ values: [Float], _ type: aver_element_type) {
    self.type = type
    bytes = values.flatMap { value in
      let bits = Self.roundedToBFloat16(value).bitPattern
      return type == aver_f32
        ? withUnsafeBytes(of: value.bitPattern, Array.init)
        : withUnsafeBytes(of: UInt16(bits >> 16), Array.init)
    }
  }

  /// Ordinary values of the type.
  init(random count: Int, _ type: aver_element_type, _ generator: inout SeededGenerator) {
    self.init((0..<count).map { _ in Float.random(in: -2...2, using: &generator) }, type)
  }

  var floats: [Float] {
    bytes.withUnsafeBytes { bytes in
      type == aver_f32
        ? Array(bytes.bindMemory(to: Float.self))
        : bytes.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    }
  }

  /// To nearest, ties to even.
  static func roundedToBFloat16(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
  }
}
