/// How samples lie in memory: what the network's first kernel reads needs no conversion.
public struct SampleFormat: Equatable, Sendable {
  /// The type of a colour.
  public enum Element: Sendable {
    /// Four bytes.
    case float32
    /// The upper half of a float32, to which values are rounded (to nearest, ties to even).
    case bfloat16
  }

  /// What lies side by side.
  public enum Order: Sendable {
    /// The colours of a pixel: `[height, width, 3]`.
    case channelsLast
    /// The pixels of a colour: `[3, height, width]`.
    case channelsFirst
  }

  /// float32, `[height, width, 3]`.
  public static let plain = SampleFormat(element: .float32, order: .channelsLast)

  /// The type of a colour.
  public var element: Element
  /// What lies side by side.
  public var order: Order

  /// A format with every field given.
  public init(element: Element, order: Order) {
    self.element = element
    self.order = order
  }

  /// Bytes of a colour.
  public var elementBytes: Int { element == .bfloat16 ? 2 : 4 }
}
