/// Element types of a stored tensor; raw values are safetensors' names.
public enum TensorType: String, Sendable, CaseIterable {
  case f32 = "F32"
  case bf16 = "BF16"
  case f16 = "F16"
  case f64 = "F64"
  case i64 = "I64"
  case i32 = "I32"
  case u8 = "U8"
  case bool = "BOOL"

  /// Whether elements are floating-point numbers, not integers or truth values.
  public var isFloatingPoint: Bool {
    switch self {
    case .f32, .bf16, .f16, .f64: true
    case .i64, .i32, .u8, .bool: false
    }
  }

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .bf16, .f16: 2
    case .u8, .bool: 1
    }
  }
}

/// What a weights file says of a tensor before its data is read.
public struct TensorDescription: Sendable, Equatable {
  /// The name, unique in a file; torchvision's for parameters.
  public var name: String
  /// The type of an element.
  public var type: TensorType
  /// The extent of every axis; empty for a scalar.
  public var shape: [Int]

  /// A description with every field given.
  public init(name: String, type: TensorType, shape: [Int]) {
    self.name = name
    self.type = type
    self.shape = shape
  }

  /// The same under another name.
  public func renamed(_ name: String) -> TensorDescription {
    var description = self
    description.name = name
    return description
  }
}

/// A named array in memory, as weights files hold them: row-major, little-endian.
public struct Tensor: Sendable, Equatable {
  /// The name, unique in a file; torchvision's for parameters.
  public var name: String
  /// The type of an element.
  public var type: TensorType
  /// The extent of every axis; empty for a scalar.
  public var shape: [Int]
  /// The elements, `type.byteCount` bytes each.
  public var bytes: [UInt8]

  /// A tensor of stored bytes.
  ///
  /// - Throws: `WeightsError` when `bytes` are not as many as `type` and `shape` say.
  public init(name: String, type: TensorType, shape: [Int], bytes: [UInt8]) throws {
    guard let expected = Self.byteCount(type: type, shape: shape) else {
      throw WeightsError(tensor: name, .shapeOverflow(shape))
    }
    guard bytes.count == expected else {
      throw WeightsError(
        tensor: name, .sizeMismatch(type: type, shape: shape, expected: expected, bytes.count))
    }
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// The same under another name.
  public func renamed(_ name: String) -> Tensor {
    var tensor = self
    tensor.name = name
    return tensor
  }

  /// A float32 tensor of `floats`, row-major.
  ///
  /// - Throws: `WeightsError` when the count is not the shape's.
  public init(name: String, shape: [Int], floats: some Sequence<Float>) throws {
    let bits = floats.map(\.bitPattern)
    try self.init(name: name, type: .f32, shape: shape, bytes: Self.littleEndianBytes(bits))
  }

  /// A bfloat16 tensor of `floats` rounded to nearest, ties to even.
  ///
  /// - Throws: `WeightsError` when the count is not the shape's.
  public init(name: String, shape: [Int], roundingToBFloat16 floats: some Sequence<Float>) throws {
    let bits = floats.map(Self.bfloat16Bits)
    try self.init(name: name, type: .bf16, shape: shape, bytes: Self.littleEndianBytes(bits))
  }

  /// An int64 tensor, as counters are stored.
  ///
  /// - Throws: `WeightsError` when the count is not the shape's.
  public init(name: String, shape: [Int], integers: some Sequence<Int>) throws {
    let bits = integers.map { Int64($0) }
    try self.init(name: name, type: .i64, shape: shape, bytes: Self.littleEndianBytes(bits))
  }

  /// The number of elements, 1 for a scalar.
  public var elementCount: Int { bytes.count / type.byteCount }

  /// The elements as float32: exact for f32, bf16 and f16, rounded to nearest for f64 and integers.
  public func floats() -> [Float] {
    switch type {
    case .f32: elements(UInt32.self).map { Float(bitPattern: $0) }
    case .bf16: elements(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .f16: elements(UInt16.self).map(Self.floatOfHalf)
    case .f64: elements(UInt64.self).map { Float(Double(bitPattern: $0)) }
    case .i64: elements(Int64.self).map { Float($0) }
    case .i32: elements(Int32.self).map { Float($0) }
    case .u8, .bool: bytes.map { Float($0) }
    }
  }

  /// The elements of an integer tensor (i64, i32, u8, bool).
  ///
  /// - Throws: `WeightsError` for a floating-point tensor.
  public func integers() throws -> [Int] {
    switch type {
    case .i64: elements(Int64.self).map { Int($0) }
    case .i32: elements(Int32.self).map { Int($0) }
    case .u8, .bool: bytes.map { Int($0) }
    case .f32, .bf16, .f16, .f64:
      throw WeightsError(tensor: name, .wrongType(type, wanted: "an integer type"))
    }
  }

  /// Bytes of a tensor; nil where an extent is negative or the product exceeds `Int`.
  public static func byteCount(type: TensorType, shape: [Int]) -> Int? {
    var count = type.byteCount
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  private func elements<Element: FixedWidthInteger>(_: Element.Type) -> [Element] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / MemoryLayout<Element>.size).map { index in
        let offset = index * MemoryLayout<Element>.size
        return Element(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Element.self))
      }
    }
  }

  private static func littleEndianBytes(_ values: [some FixedWidthInteger]) -> [UInt8] {
    values.map(\.littleEndian).withUnsafeBytes { [UInt8]($0) }
  }

  private static func bfloat16Bits(_ value: Float) -> UInt16 {
    // Rounding up a NaN's payload could carry into infinity.
    guard !value.isNaN else { return 0x7FC0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// By hand, because `Float16` is not on every platform that Swift runs on.
  private static func floatOfHalf(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
  }
}
