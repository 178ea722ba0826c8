import CCairo
import Foundation
import Media

/// A small square picture, of a face or of the middle of a frame, which keeps its own pixels.
public struct DrawnPicture: Equatable, Sendable {
  /// Pixels of a side are at most so many: enough for what is drawn of it at double density.
  public static let largestSide = 256

  /// Columns, which are as many as rows.
  let side: Int
  /// Red, green, blue and a byte without meaning, `[side, side, 4]`.
  private let bytes: [UInt8]

  /// Copies the square around a face, scaled down where it is large.
  ///
  /// - Parameters:
  ///   - frame: of any size but 0; in colour or grey.
  ///   - region: in pixels of the frame; beyond its edges, their pixels go on. Without one, or with one
  ///     that is empty, not finite or outside, it is the largest square in the middle.
  /// - Throws: `DrawingError.noMemory`, `DrawingError.tooLarge`.
  public init(of frame: PixelBuffer, around region: FaceRegion? = nil) throws(DrawingError) {
    precondition(frame.width > 0 && frame.height > 0, "a picture of an empty frame")
    let square = Self.square(around: region, width: frame.width, height: frame.height)
    side = max(1, min(Self.largestSide, Int(square.width.rounded())))
    let target = PixelBuffer(width: side, height: side)
    let canvas = try Canvas.on(target, Typefaces())
    let source = try Canvas.on(frame.channels == 4 ? frame : Self.coloured(frame), Typefaces())
    canvas.copy(source, from: square, side: side)
    try canvas.finish()
    var bytes = withExtendedLifetime(target) { Array(target.bytes) }
    // Pictures that look the same are equal.
    for place in stride(from: 3, to: bytes.count, by: 4) { bytes[place] = 255 }
    self.bytes = bytes
  }

  /// A little more than the face, so that hair and chin are seen, too.
  private static func square(around region: FaceRegion?, width: Int, height: Int) -> Box {
    let frame = Box(x: 0, y: 0, width: Double(width), height: Double(height))
    let middle = Box(around: frame.centre, side: min(frame.width, frame.height))
    guard let face = region.flatMap({ Box(of: $0, in: frame) }) else { return middle }
    return Box(around: face.centre, side: max(1, 1.3 * max(face.width, face.height)))
  }

  private static func coloured(_ grey: PixelBuffer) -> PixelBuffer {
    let coloured = PixelBuffer(width: grey.width, height: grey.height)
    for (index, value) in grey.bytes.enumerated() {
      for channel in 0..<4 { coloured.bytes[4 * index + channel] = value }
    }
    return coloured
  }

  /// Lends the picture to cairo, as a surface of its own that has the picture as a JPEG file, too: SVG
  /// files take that, which is a tenth of the bytes.
  func withSurface(swapsRedAndBlue: Bool, _ body: (OpaquePointer?) -> Void) {
    let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, CInt(side), CInt(side))
    defer { cairo_surface_destroy(surface) }
    // Nothing where cairo has no memory: drawing with the surface then fails.
    if let pixels = cairo_image_surface_get_data(surface) {
      for place in stride(from: 0, to: bytes.count, by: 4) {
        pixels[place] = bytes[swapsRedAndBlue ? place : place + 2]
        pixels[place + 1] = bytes[place + 1]
        pixels[place + 2] = bytes[swapsRedAndBlue ? place + 2 : place]
      }
      cairo_surface_mark_dirty(surface)
      attachJPEG(to: surface)
    }
    body(surface)
  }

  private func attachJPEG(to surface: OpaquePointer?) {
    let pixels = PixelBuffer(width: side, height: side)
    _ = pixels.bytes.update(fromContentsOf: bytes)
    // Without it the picture is larger, and otherwise as it should be.
    guard let encoder = try? JPEGEncoder() else { return }
    // The file lies in the encoder's memory.
    withExtendedLifetime(encoder) {
      guard let file = try? encoder.encode(pixels, quality: 85), let start = file.baseAddress,
        let copy = malloc(file.count)
      else { return }
      memcpy(copy, start, file.count)
      let status = cairo_surface_set_mime_data(
        surface, CAIRO_MIME_TYPE_JPEG, copy.assumingMemoryBound(to: UInt8.self),
        UInt(file.count), free, copy)
      if status != CAIRO_STATUS_SUCCESS { free(copy) }
    }
  }
}

extension Box {
  /// A face's place in a frame, nil where it has none: empty, not finite or outside. Edges far beyond the
  /// frame are brought near it, since cairo counts to eight million only.
  init?(of region: FaceRegion, in frame: Box) {
    let edges = [region.x, region.y, region.x + region.width, region.y + region.height]
    guard edges.allSatisfy(\.isFinite), region.width > 0, region.height > 0 else { return nil }
    func near(_ value: Float, _ length: Double) -> Double {
      min(max(Double(value), -length), 2 * length)
    }
    let (left, right) = (near(edges[0], frame.width), near(edges[2], frame.width))
    let (top, bottom) = (near(edges[1], frame.height), near(edges[3], frame.height))
    guard left < frame.width, right > 0, top < frame.height, bottom > 0 else { return nil }
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }
}
