import COneDNN

/// How the images that a plan reads lie in memory.
public struct PixelFormat: Equatable, Sendable {
  /// Which format a plan asks for.
  public enum Choice: Sendable {
    /// `plain`.
    case plain
    /// What the network's first kernel reads, where that is one of these formats: no conversion.
    case asRead
  }

  /// float32, `[rows, height, width, channels]`.
  public static let plain = PixelFormat(isBFloat16: false, isChannelsLast: true)
  /// The channels last first: with a single one, both orders are the same.
  private static let all = [false, true].flatMap { isBFloat16 in
    [true, false].map { PixelFormat(isBFloat16: isBFloat16, isChannelsLast: $0) }
  }

  /// bfloat16 instead of float32.
  public let isBFloat16: Bool
  /// `[rows, height, width, channels]` instead of `[rows, channels, height, width]`.
  public let isChannelsLast: Bool

  /// The format of a layout; nil where it is none of these.
  static func format(of layout: MemoryDescriptor) throws -> PixelFormat? {
    try all.first { layout.isEqual(to: try $0.layout(layout.shape)) }
  }

  /// The layout of images of `shape`, `[rows, channels, height, width]`.
  func layout(_ shape: [Int]) throws -> MemoryDescriptor {
    try .strided(
      shape, isBFloat16 ? dnnl_bf16 : dnnl_f32,
      order: isChannelsLast ? [0, 2, 3, 1] : [0, 1, 2, 3])
  }
}

/// Images that the caller of a plan writes.
public struct PixelArray {
  /// All of them, one after the other.
  public let bytes: UnsafeMutableRawBufferPointer
  /// How they lie there.
  public let format: PixelFormat

  /// Fills all of them with numbers, those for bfloat16 cut off.
  public func fill(_ number: () -> Float) {
    if format.isBFloat16 {
      for index in 0..<bytes.count / 2 {
        bytes.storeBytes(
          of: UInt16(number().bitPattern >> 16), toByteOffset: 2 * index, as: UInt16.self)
      }
    } else {
      for index in 0..<bytes.count / 4 {
        bytes.storeBytes(of: number(), toByteOffset: 4 * index, as: Float.self)
      }
    }
  }
}

extension PlanBuilder {
  /// How an input's images lie: in the layout in which they are read, where that is asked for.
  func pixelLayout(of value: ValueID) throws -> MemoryDescriptor {
    if pixels == .asRead, let wanted = try preferredLayout(of: value),
      let format = try PixelFormat.format(of: wanted)
    {
      return try format.layout(shape(of: value))
    }
    return try PixelFormat.plain.layout(shape(of: value))
  }
}
