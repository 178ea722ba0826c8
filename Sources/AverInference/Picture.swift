import Media

/// A picture in memory.
public struct Picture: Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Red, green and blue of each pixel, row by row without gaps, `[height, width, 3]`.
  public let rgb: [UInt8]

  /// A picture of bytes.
  ///
  /// - Parameter rgb: as many as width · height · 3.
  /// - Throws: `InferenceError.picture` where sizes and bytes do not fit.
  public init(width: Int, height: Int, rgb: [UInt8]) throws(InferenceError) {
    let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflows, pixels <= ImageDecoder.maximumPixels,
      rgb.count == 3 * pixels
    else {
      throw .picture(width: width, height: height, bytes: rgb.count)
    }
    self.width = width
    self.height = height
    self.rgb = rgb
  }

  /// Reads an image file: JPEG, PNG, WebP, BMP, TIFF or GIF (its first picture).
  ///
  /// - Throws: `MediaError` naming the file.
  public init(contentsOf file: String) throws {
    let (decoder, pixels) = (try ImageDecoder(), PixelBuffer())
    _ = try decoder.open(file)
    try decoder.decode(into: pixels)
    self.init(pixels)
  }

  /// Copies what a reader has.
  init(_ pixels: PixelBuffer) {
    width = pixels.width
    height = pixels.height
    let count = pixels.width * pixels.height
    rgb = Array(unsafeUninitializedCapacity: 3 * count) { target, filled in
      let source = pixels.bytes
      for pixel in 0..<count {
        for colour in 0..<3 { target[3 * pixel + colour] = source[4 * pixel + colour] }
      }
      filled = 3 * count
    }
  }

  /// The picture as detectors and networks take it.
  package func makePixels() -> PixelBuffer {
    let pixels = PixelBuffer(width: width, height: height)
    let target = pixels.bytes
    for pixel in 0..<(width * height) {
      for colour in 0..<3 { target[4 * pixel + colour] = rgb[3 * pixel + colour] }
      target[4 * pixel + 3] = 255
    }
    return pixels
  }
}

/// What is wrong with what a model is given.
public enum InferenceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Width, height and bytes do not fit, or no picture is so large.
  case picture(width: Int, height: Int, bytes: Int)
  /// A region that is no part of its picture, or not finite.
  case region(FaceRegion, width: Int, height: Int)
  /// A setting that cannot be.
  case setting(name: String, reason: String)
  /// A model of another kind than the file needs.
  case senseless(file: String, reason: String)
  /// Whoever hears of a film's frames asks the model that is predicting it.
  case observerAsks
  /// Weights of which no output was taught: the run had no labels.
  case untaught(weights: String)
  /// Samples that are not numbers.
  case samplesNotFinite(index: Int)

  /// What is wrong and what would be right.
  public var description: String {
    switch self {
    case .picture(let width, let height, let bytes):
      "a picture of \(width)x\(height) pixels with \(bytes) bytes: it has 3 bytes a pixel, and at most "
        + "\(ImageDecoder.maximumPixels) pixels"
    case .region(let region, let width, let height):
      "the face at \(region.x), \(region.y) of \(region.width)x\(region.height) pixels is no part of a "
        + "picture of \(width)x\(height)"
    case .setting(let name, let reason): "\(name): \(reason)"
    case .senseless(let file, let reason): "\(file): \(reason)"
    case .observerAsks:
      "a model cannot be asked by who observes the film that it predicts: keep the pictures, and ask "
        + "afterwards or another model"
    case .untaught(let weights):
      "\(weights): the run had no labels of anything that could be predicted; train with some, or use the "
        + "features"
    case .samplesNotFinite(let index): "sample \(index) is not a number"
    }
  }
}
