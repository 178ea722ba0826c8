/// Width and height of an image, in pixels.
public struct ImageSize: Equatable, Sendable {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int

  /// An image of `width` columns and `height` rows.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// By how much an image is made smaller while it is decoded; raw values are the divisors.
///
/// JPEG can leave out the high frequencies of each 8×8 block before the inverse transform, which
/// costs a fraction of decoding everything. Only the powers of two have fast code in libjpeg-turbo.
public enum DecodingReduction: Int, Sendable, CaseIterable {
  case none = 1
  case half = 2
  case quarter = 4
  case eighth = 8

  /// The largest reduction that leaves a crop of `crop` pixels at least `target` pixels wide and high.
  ///
  /// A pure function of its arguments, so that a sample decodes alike wherever it is decoded.
  public static func largest(keeping crop: ImageSize, above target: Int) -> DecodingReduction {
    largest(upTo: Double(min(crop.width, crop.height)) / Double(target))
  }

  /// The largest reduction that makes an image at most `scale` times smaller; none where that is below 2.
  public static func largest(upTo scale: Double) -> DecodingReduction {
    switch scale {
    case 8...: .eighth
    case 4...: .quarter
    case 2...: .half
    default: .none
    }
  }

  /// The size of a reduced image: the quotient, rounded up.
  public func reduced(_ size: ImageSize) -> ImageSize {
    ImageSize(
      width: (size.width + rawValue - 1) / rawValue,
      height: (size.height + rawValue - 1) / rawValue)
  }
}
